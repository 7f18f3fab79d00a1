"""What stands in the root of every store, for whoever finds it in ten years and has nothing but it."""

README = "README.txt"

GUIDE = b"""\
This folder is an archive of video jobs, made by pictory-reconciler
before the jobs were cleaned from the service for good.

  jobs/ID/NUMBER/           one job, as it was at one time: a "bag" in the
                            BagIt form (RFC 8493)
      data/job.json         what the service said of the job
      data/assets/          its videos, sounds, pictures, subtitles
      data/...              its transcript and other content
      manifest-sha256.txt   the SHA-256 of every file under data/
  receipts/ID/NUMBER.intoto.json
                            when the bag was read back and found whole, and
                            how each file was told to be whole
  damaged/                  copies that were found not whole, if any

To see whether a bag is whole, with nothing but standard tools:

  cd jobs/ID/NUMBER
  sha256sum -c manifest-sha256.txt
  sha256sum -c tagmanifest-sha256.txt

or with the bagit program of the Library of Congress (pip install bagit):

  bagit.py --validate jobs/ID/NUMBER

A receipt is an in-toto statement in JSON.  To hold every file of its bag
against it, from this folder, with nothing but Python:

  python3 -c '
  import hashlib, json, sys
  statement = json.load(open(sys.argv[1]))
  for subject in statement["subject"]:
      content = open(subject["name"], "rb").read()
      whole = hashlib.sha256(content).hexdigest() == subject["digest"]["sha256"]
      print("whole  " if whole else "DAMAGED", subject["name"])
  ' receipts/ID/NUMBER.intoto.json

ID is the id of the job, or x- and a hash of it where it would not do as the
name of a folder; data/job.json and bag-info.txt have it in full.
"""
