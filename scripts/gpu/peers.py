"""What a user would write instead, on the same card: Figure 1's curve by batched float64 PyTorch, and the rates
that PyTorch's own calls reach there. Every line that it has is printed at once, as JSON.

peers.py ceilings
peers.py curve COORDINATES     the table of `cucurbit theory STUDY --coordinates`
"""

import csv
import json
import statistics
import sys
import time

import torch

ON_CARD = {"device": "cuda", "dtype": torch.float64}
NOISE = 0.2
torch.backends.cuda.matmul.allow_tf32 = False


def say(**row):
    print(json.dumps(row), flush=True)


def seconds_of(work, repeats=5, budget=2.0):
    """Median over repeats, or as many of them as the budget of seconds allows; the first call does not count."""
    begun = time.monotonic()
    work()
    torch.cuda.synchronize()
    measured = []
    while len(measured) < repeats and (not measured or time.monotonic() - begun < budget):
        before, after = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        before.record()
        work()
        after.record()
        after.synchronize()
        measured.append(1e-3 * before.elapsed_time(after))
    return statistics.median(measured)


def ceilings():
    source = torch.empty(1 << 29, **ON_CARD)
    target = torch.empty_like(source)
    say(ceiling="copy", rate=2 * 8 * source.numel() / seconds_of(lambda: target.copy_(source)), unit="byte/s")
    del source, target
    square = torch.randn(8192, 8192, **ON_CARD)
    say(ceiling="dgemm", n=8192, rate=2 * 8192**3 / seconds_of(lambda: square @ square), unit="flop/s")
    for n, p, batch in ((480, 500, 2048), (200, 500, 4096), (32, 64, 65536)):
        x = torch.randn(batch, n, p, **ON_CARD)
        gram = x @ x.mT + torch.eye(n, **ON_CARD)
        columns = torch.randn(batch, n, 72, **ON_CARD)
        say(ceiling="gemm", n=n, rate=2 * n * n * p * batch / seconds_of(lambda: x @ x.mT), unit="flop/s")
        say(ceiling="potrf", n=n, rate=n**3 / 3 * batch / seconds_of(lambda: torch.linalg.cholesky_ex(gram)),
            unit="flop/s")
        factor = torch.linalg.cholesky_ex(gram)[0]
        say(ceiling="trsm", n=n, unit="flop/s", rate=n * n * 72 * batch / seconds_of(
            lambda: torch.linalg.solve_triangular(factor, columns, upper=False)))
    symmetric = torch.randn(256, 200, 200, **ON_CARD)
    symmetric = symmetric + symmetric.mT
    say(ceiling="eigh", n=200, rate=256 / seconds_of(lambda: torch.linalg.eigh(symmetric), 2), unit="matrix/s")


class Curve:
    """Risks of all arms at all n, for labels with noise; weights of the truth and of surrogates from the table."""

    def __init__(self, path):
        with open(path, newline="") as file:
            rows = [row for row in csv.DictReader(file) if float(row["noise_std"]) == NOISE]
        self.sizes = sorted({int(row["n"]) for row in rows})
        column = {n: [row for row in rows if int(row["n"]) == n] for n in self.sizes}
        self.p = len(column[self.sizes[0]])

        def weights(n, name):
            return torch.tensor([float(row[name]) for row in column[n]], **ON_CARD)

        self.spectrum = weights(self.sizes[0], "spectrum")
        self.truth = weights(self.sizes[0], "truth")
        # The truth, then two surrogates for each n.
        self.teachers = torch.stack(
            [self.truth] + [weights(n, arm) for n in self.sizes for arm in ("optimal_surrogate", "mask")], 1)

    def columns(self, i):
        return [0, 1 + 2 * i, 2 + 2 * i]

    def draw(self, trials):
        x = torch.randn(trials, self.sizes[-1], self.p, **ON_CARD) * self.spectrum.sqrt()
        return x, x @ self.teachers + NOISE * torch.randn(trials, self.sizes[-1], 1, **ON_CARD)

    def risk(self, weights):
        """trials × arms."""
        return ((weights - self.truth[:, None]) ** 2 * self.spectrum[:, None]).sum(1)

    def lstsq(self, trials):
        """The one-liner."""
        x, y = self.draw(trials)
        for i, n in enumerate(self.sizes):
            yield self.risk(torch.linalg.lstsq(x[:, :n], y[:, :n, self.columns(i)]).solution)

    def cholesky(self, trials):
        """The careful user: a factor for each n."""
        x, y = self.draw(trials)
        for i, n in enumerate(self.sizes):
            factor, _ = torch.linalg.cholesky_ex(x[:, :n] @ x[:, :n].mT)
            yield self.risk(x[:, :n].mT @ torch.cholesky_solve(y[:, :n, self.columns(i)], factor))

    def nested(self, trials):
        """The expert: one factor for the whole curve."""
        x, y = self.draw(trials)
        factor, _ = torch.linalg.cholesky_ex(x @ x.mT)
        half = torch.linalg.solve_triangular(factor, y, upper=False)
        for i, n in enumerate(self.sizes):
            dual = torch.linalg.solve_triangular(factor[:, :n, :n].mT, half[:, :n, self.columns(i)], upper=True)
            yield self.risk(x[:, :n].mT @ dual)


def time_curve(curve, name, trials, budget):
    """Repeats the curve until the budget of seconds is used; the first time meets the shapes and does not count."""
    method = getattr(curve, name)
    for risk in method(min(trials, 4)):
        del risk
    torch.cuda.synchronize()
    sums, squares, done, seconds = 0.0, 0.0, 0, []
    begun = time.monotonic()
    while not seconds or (time.monotonic() - begun < budget and len(seconds) < 20):
        start = time.monotonic()
        risks = torch.stack(list(method(trials)))  # sizes × trials × arms
        torch.cuda.synchronize()
        seconds.append(time.monotonic() - start)
        sums, squares, done = sums + risks.sum(1), squares + (risks**2).sum(1), done + trials
        say(method=name, trials=trials, repeats=len(seconds), seconds_per_trial=min(seconds) / trials)
    mean = sums / done
    error = ((squares / done - mean**2) / max(done - 1, 1)).clamp(min=0.0).sqrt()
    for i, n in enumerate(curve.sizes):
        say(risks=name, n=n, trials=done, mean=mean[i].tolist(), std_err=error[i].tolist())


def main():
    say(torch=torch.__version__, device=torch.cuda.get_device_name(0))
    if sys.argv[1] == "ceilings":
        return ceilings()
    curve = Curve(sys.argv[2])
    for name, trials, budget in (("nested", 1024, 6.0), ("cholesky", 512, 6.0), ("lstsq", 8, 8.0)):
        time_curve(curve, name, trials, budget)
    return None


main()
