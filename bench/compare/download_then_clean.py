"""The vendor's first sample program in our own words: download a job, then clean it.  IT LOSES DATA, ON PURPOSE.

    python download_then_clean.py FOLDER JOB_ID [JOB_ID ...]

Written after a description of the sample on the vendor's Clean Job page, not copied from it, so that
bench/compare/losses.py can count what it loses.  It must never meet a real account: it looks for a video under
`outputUrl` alone, cleans the job whether or not it found or got anything, saves whatever answer came as the video,
and a clean cannot be undone.  Any base address that is not on 127.0.0.1 is refused.

What is wrong with it is kept as it was: no timeout, no second try, no look at an HTTP status; ids and names in one
spelling; no audio, thumbnail, subtitles, highlights or job body; no check, no hash, files overwritten in place.
"""

import json
import os
import re
import sys
from pathlib import Path

import requests

BASE = os.environ.get("PICTORY_API_BASE_URL", "")
KEY = os.environ.get("PICTORY_API_KEY", "")
HEADERS = {"Authorization": KEY, "accept": "application/json"}


def download_then_clean(job_id: str, folder: str) -> None:
    job = requests.get(f"{BASE}/v1/jobs/{job_id}", headers=HEADERS).json()
    if not job.get("success"):
        print(f"{job_id}: could not be retrieved")
        return
    data = job["data"]
    if data.get("status") != "completed":
        print(f"{job_id}: is not completed")
        return
    if "outputUrl" in data:
        Path(folder, f"{job_id}.mp4").write_bytes(requests.get(data["outputUrl"]).content)
        print(f"{job_id}: video downloaded")
    if "transcript" in data:
        Path(folder, f"{job_id}_transcript.json").write_text(json.dumps(data["transcript"]))
        print(f"{job_id}: transcript saved")
    answer = requests.delete(f"{BASE}/v1/jobs/{job_id}/clean", headers=HEADERS).json()
    print(f"{job_id}: cleaned" if answer.get("success") else f"{job_id}: could not be cleaned")


def main() -> None:
    if not re.fullmatch(r"http://127\.0\.0\.1(:\d{1,5})?(/[\w./-]*)?", BASE):
        print("This program loses data on purpose; PICTORY_API_BASE_URL must be http://127.0.0.1...", file=sys.stderr)
        sys.exit(64)
    if len(sys.argv) < 3:
        print("usage: download_then_clean.py FOLDER JOB_ID [JOB_ID ...]", file=sys.stderr)
        sys.exit(64)
    for job_id in sys.argv[2:]:
        download_then_clean(job_id, sys.argv[1])


if __name__ == "__main__":
    main()
