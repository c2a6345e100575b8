"""The teacher's ratings of photographs and mixtures, against a plain computation; what its students learn."""

import numpy as np
import pytest
import torch
from torch import Tensor

from pipeline.activation_network import split_blocks
from pipeline.identity import ACTIVATIONS
from pipeline.training import distilling
from pipeline.training.distilling import _RIDGE, Teacher, fit_students


@pytest.fixture(autouse=True)
def few_mixtures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Students that are taught in a second."""
    monkeypatch.setattr(distilling, "_MIXTURES", 1500)
    monkeypatch.setattr(distilling, "_COMPONENTS", 60)


def faces(count: int) -> tuple[Tensor, Tensor]:
    """Activations that twelve numbers make, and a rating that is not linear in these."""
    random = np.random.default_rng(1)
    causes = random.standard_normal((count, 12))
    activations = causes @ np.random.default_rng(2).standard_normal((12, ACTIVATIONS))
    ratings = causes[:, 0] + 0.5 * causes[:, 1] * causes[:, 2]
    return torch.from_numpy(activations).float(), torch.from_numpy(ratings - ratings.mean()).float()


def test_mixtures_are_rated_as_a_plain_kernel_ridge_regression_does() -> None:
    activations, ratings = faces(40)
    teacher = Teacher.fitted(activations, ratings)
    share = torch.tensor([0.25, 1.0])
    said = teacher.of_mixtures(torch.tensor([3, 7]), torch.tensor([9, 7]), share)
    mixed = torch.stack([0.25 * activations[3] + 0.75 * activations[9], activations[7]])
    kernel, new = torch.zeros(40, 40, dtype=torch.float64), torch.zeros(2, 40, dtype=torch.float64)
    for known, other in zip(split_blocks(activations), split_blocks(mixed), strict=True):
        deviation = known.std(0)
        scale = (deviation + 1e-3 * deviation.mean()).double()
        known, other = known / scale, other / scale
        width = torch.cdist(known[:20], known[20:]).square().median()
        kernel += torch.exp(-torch.cdist(known, known).square() / width) / 5
        new += torch.exp(-torch.cdist(other, known).square() / width) / 5
    weights = torch.linalg.solve(kernel + _RIDGE * torch.eye(40, dtype=torch.float64), ratings.double())
    assert torch.allclose(said.double(), new @ weights, atol=2e-3)


def test_students_rate_faces_that_neither_they_nor_the_teacher_saw() -> None:
    activations, ratings = faces(350)
    students = fit_students(activations[:300], ratings[:300], 2)
    with torch.no_grad():
        said = [student(activations[300:]) for student in students]
    assert float(torch.corrcoef(torch.stack([sum(said), ratings[300:]]))[0, 1]) > 0.85
    assert not torch.equal(*said)


def test_the_students_of_the_same_photographs_are_the_same() -> None:
    activations, ratings = faces(30)
    first, again = (fit_students(activations, ratings, 1)[0].state_dict() for _ in range(2))
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_no_group_is_rated_higher_or_lower_than_people_did() -> None:
    random = np.random.default_rng(3)
    groups = ["CM" if person % 6 == 0 else "AF" for person in range(360)]
    few = np.array([group == "CM" for group in groups])
    causes = random.standard_normal((360, 12))
    causes[:, 3] = 1.5 * few + 0.3 * random.standard_normal(360)
    activations = torch.from_numpy(
        causes @ np.random.default_rng(2).standard_normal((12, ACTIVATIONS))
    ).float()
    ratings = torch.from_numpy(causes[:, 0] - 1.5 * few).float()
    train, test = slice(0, 240), slice(240, 360)
    biases = []
    for known in ([], groups[train]):
        students = fit_students(activations[train], ratings[train] - ratings[train].mean(), 1, known)
        with torch.no_grad():
            above = students[0](activations[test]) + ratings[train].mean() - ratings[test]
        biases.append([abs(float(above[few[test] == group].mean())) for group in (True, False)])
    plain, level = biases
    assert level[0] < 0.8 * plain[0]
    assert level[1] < plain[1] + 0.02


def test_the_error_of_a_group_is_that_of_regressions_without_the_photograph() -> None:
    activations, ratings = faces(30)
    activations = activations / activations.std(0)
    groups = ["AF"] * 20 + ["CM"] * 10
    levelled = Teacher.fitted(activations, ratings, groups)
    kernels = [distilling._kernel(p.diagonal(), p.diagonal(), p) for p in levelled.products]
    kernel = torch.stack(kernels).mean(0).double()
    errors = torch.zeros(30, dtype=torch.float64)
    for out in range(30):
        others = [other for other in range(30) if other != out]
        inner = kernel[others][:, others] + _RIDGE * torch.eye(29, dtype=torch.float64)
        said = kernel[out, others] @ torch.linalg.solve(inner, ratings[others].double())
        errors[out] = ratings[out] - said
    targets = ratings.double() + torch.tensor(
        [float(errors[:20].mean())] * 20 + [float(errors[20:].mean())] * 10
    )
    weights = torch.linalg.solve(kernel + _RIDGE * torch.eye(30, dtype=torch.float64), targets)
    assert torch.allclose(levelled.weights.double(), weights, atol=1e-3)
