"""What stands in the root of every store, for whoever finds it in ten years and has nothing but it."""

from reconciler.archive.stores import BagStore

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
  receipts/ID/NUMBER.SHA256.KEY.dsse.json
                            the same with its signature, if it was signed
  runs/RUN.json             what a run did to which job, and the chain of
                            events since the run before
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

A file with dsse in its name is a signature: a DSSE envelope over the exact
bytes of the receipt beside it, which are in it too.  To check one that an
Ed25519 key made, with nothing but a shell and openssl, from this folder and
with the public half of that key, which must come to you by another way:

  receipt=receipts/ID/NUMBER.intoto.json
  envelope=receipts/ID/NUMBER.SHA256.KEY.dsse.json
  work=$(mktemp -d)
  (printf 'DSSEv1 28 application/vnd.in-toto+json %d ' $(wc -c < $receipt)
   cat $receipt) > $work/signed
  sed 's/.*"sig":"\\([^"]*\\)".*/\\1/' $envelope | base64 -d > $work/signature
  openssl pkeyutl -verify -pubin -inkey public.pem -rawin \\
    -in $work/signed -sigfile $work/signature

An HMAC key signs the same bytes with HMAC-SHA256.  For the record of a run
the first line says 53 application/vnd.pictory-reconciler.run-record.v1+json.

In runs/RUN.json each event under "audit" carries the SHA-256 of the event
before it ("previous") and its own ("hash"): that of the event without "hash",
written as JSON with sorted keys, in ASCII, without spaces.

ID is the id of the job, or x- and a hash of it where it would not do as the
name of a folder; data/job.json and bag-info.txt have it in full.
"""


def leave_guide(store: BagStore) -> None:
    """Leave the text in the root of a store, unless it is there.

    Raises:
        ArchiveError: it cannot be written.
    """
    if not store.has(README):
        store.publish_file(GUIDE, README)
