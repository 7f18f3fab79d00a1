"""What `restore` did, as text."""

from reconciler.engine.restoring import Restored
from reconciler.report.policy_text import bytes_text
from reconciler.report.style import Colour, Style
from reconciler.report.untrusted import harmless, word


def restore_text(restored: tuple[Restored, ...], *, style: Style) -> str:
    """Write what became of each job, and the sum."""
    lines = []
    for each in restored:
        if each.problem:
            lines.append(style.paint(f"! {word(each.job_id)}  not restored: {harmless(each.problem)}", Colour.RED))
            continue
        lines.append(f"- {word(each.job_id)}  {_files(each.files)}, {bytes_text(each.size)} -> {harmless(each.folder)}")
        lines += [style.paint(f"    passed over: {harmless(problem)}", Colour.YELLOW) for problem in each.passed_over]
    whole = sum(not each.problem for each in restored)
    lines.append(style.paint(f"Restore: {whole} restored, {len(restored) - whole} not.", Colour.BOLD))
    return style.plain("\n".join(lines)) + "\n"


def _files(count: int) -> str:
    return f"{count} file" + ("" if count == 1 else "s")
