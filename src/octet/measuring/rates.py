"""The share of pictures that a model is right about, and how much their number leaves open."""

from dataclasses import dataclass

from scipy.stats import binomtest


@dataclass(frozen=True)
class Rate:
    """How many of some pictures are right."""

    right: int
    pictures: int

    @property
    def share(self) -> float:
        """The share that is right; not a number of no pictures."""
        return self.right / self.pictures if self.pictures else float("nan")

    @property
    def ci95(self) -> tuple[float, float]:
        """The 95 % interval of the share by Wilson's score, which holds for few pictures and for all or none right."""
        if not self.pictures:
            return 0.0, 1.0
        interval = binomtest(self.right, self.pictures).proportion_ci(method="wilson")
        return float(interval.low), float(interval.high)

    def __str__(self) -> str:
        if not self.pictures:
            return "none there"
        low, high = self.ci95
        return f"{self.share:.3f} ({low:.3f} to {high:.3f})"
