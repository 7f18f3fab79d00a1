"""The vendor's third sample program in our own words: show a job, ask, clean it.  IT LOSES DATA, ON PURPOSE.

    python clean_with_confirmation.py JOB_ID        (the answer, `yes` or not, is read from standard input)

Written after a description of the sample on the vendor's Clean Job page, not copied from it, so that
bench/compare/losses.py can count what it loses.  It must never meet a real account: it saves nothing, and the person
who says yes was shown few of the files that go, and not that the service holds the only copy.  Any base address that
is not on 127.0.0.1 is refused.

What is wrong with it is kept as it was: no timeout, no second try, no look at an HTTP status; a failed job reads as
one that could not be retrieved; a running or cleaned job is offered too; only transcript, highlights and `outputUrl`
are shown, as they come; nothing is read again between the question and the clean.
"""

import os
import re
import sys

import requests

BASE = os.environ.get("PICTORY_API_BASE_URL", "")
KEY = os.environ.get("PICTORY_API_KEY", "")
HEADERS = {"Authorization": KEY, "accept": "application/json"}


def clean_with_confirmation(job_id: str) -> None:
    job = requests.get(f"{BASE}/v1/jobs/{job_id}", headers=HEADERS).json()
    if not job.get("success"):
        print(f"Job {job_id} could not be retrieved")
        return
    data = job["data"]
    print(f"Job {job_id}, status {data.get('status')}")
    if "transcript" in data:
        print(f"  transcript: {len(data['transcript'])} sentences")
    if "highlight" in data:
        print("  highlights")
    if "outputUrl" in data:
        print(f"  video: {data['outputUrl']}")
    if input("This cannot be undone. Clean it? (yes/no) ").strip().lower() != "yes":
        print("Nothing was cleaned")
        return
    answer = requests.delete(f"{BASE}/v1/jobs/{job_id}/clean", headers=HEADERS).json()
    print("Cleaned" if answer.get("success") else "Could not be cleaned")


def main() -> None:
    if not re.fullmatch(r"http://127\.0\.0\.1(:\d{1,5})?(/[\w./-]*)?", BASE):
        print("This program loses data on purpose; PICTORY_API_BASE_URL must be http://127.0.0.1...", file=sys.stderr)
        sys.exit(64)
    if len(sys.argv) != 2:
        print("usage: clean_with_confirmation.py JOB_ID", file=sys.stderr)
        sys.exit(64)
    clean_with_confirmation(sys.argv[1])


if __name__ == "__main__":
    main()
