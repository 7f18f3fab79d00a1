"""The vendor's second sample program in our own words: clean jobs older than some days.  IT LOSES DATA, ON PURPOSE.

    python clean_old_jobs.py DAYS

Written after a description of the sample on the vendor's Clean Job page, not copied from it, so that
bench/compare/losses.py can count what it loses.  It must never meet a real account: the service tells no times, so
the day it works out is never used, and it cleans every completed or failed job on the first page of the list,
whatever its age, with no copy and no question.  Any base address that is not on 127.0.0.1 is refused.

What is wrong with it is kept as it was: no timeout, no second try, no look at an HTTP status; one page, local time,
the id in one spelling; no backup, no list of what stays, no limit; one bad answer ends the run, failures go uncounted.
"""

import os
import re
import sys
from datetime import datetime, timedelta

import requests

BASE = os.environ.get("PICTORY_API_BASE_URL", "")
KEY = os.environ.get("PICTORY_API_KEY", "")
HEADERS = {"Authorization": KEY, "accept": "application/json"}


def clean_old_jobs(days: int) -> None:
    cutoff = datetime.now() - timedelta(days=days)
    items = requests.get(f"{BASE}/v1/jobs", headers=HEADERS).json()["items"]
    found = [item["data"].get("jobId") for item in items if item["data"].get("status") in {"completed", "failed"}]
    print(f"{len(found)} old jobs found")
    cleaned = 0
    for job_id in found:
        if job_id is None:
            continue
        answer = requests.delete(f"{BASE}/v1/jobs/{job_id}/clean", headers=HEADERS).json()
        if answer.get("success"):
            cleaned += 1
    print(f"{cleaned} jobs cleaned")


def main() -> None:
    if not re.fullmatch(r"http://127\.0\.0\.1(:\d{1,5})?(/[\w./-]*)?", BASE):
        print("This program loses data on purpose; PICTORY_API_BASE_URL must be http://127.0.0.1...", file=sys.stderr)
        sys.exit(64)
    if len(sys.argv) != 2 or not sys.argv[1].isdecimal():
        print("usage: clean_old_jobs.py DAYS", file=sys.stderr)
        sys.exit(64)
    clean_old_jobs(int(sys.argv[1]))


if __name__ == "__main__":
    main()
