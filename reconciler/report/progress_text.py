"""How far the copies of a run have come, as one line."""

from dataclasses import dataclass

from reconciler.core.amounts import bytes_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Progressed:
    """How far a run has come.

    `size` is what all jobs hold in bytes, None where that is not known; `came` the bytes that came over the wire in
    this run and `there` those that an earlier one had left; `seconds` how long they took.
    """

    jobs: int
    ended: int
    size: int | None
    came: int
    there: int
    seconds: float


def progress_line(far: Progressed) -> str:
    """Sum up: `Copying: 3 of 40 jobs, 1.2 GB of 3.4 GB, 8.3 MB/s, 4 min left`; what is not known is left out."""
    parts = [f"{far.ended} of {far.jobs} job{'' if far.jobs == 1 else 's'}", _bytes(far)]
    rate = far.came / far.seconds if far.seconds > 0 else 0.0
    if rate:
        parts.append(f"{bytes_text(int(rate))}/s")
    if rate and far.size is not None and far.size > far.came + far.there:
        parts.append(f"{seconds_text((far.size - far.came - far.there) / rate)} left")
    return f"Copying: {', '.join(parts)}"


def _bytes(far: Progressed) -> str:
    done = bytes_text(far.came + far.there)
    return done if far.size is None else f"{done} of {bytes_text(far.size)}"


def seconds_text(seconds: float) -> str:
    """Write a span for people, rounded up: `40 s`, `4 min`, `2 h 10 min`."""
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    minutes = -int(-seconds // 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
