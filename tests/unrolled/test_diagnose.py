"""`verify.diagnose`: mistakes are made in code, on fresh numbers, and have to be named."""

import numpy as np
import pytest
from unrolled import verify
from unrolled.witnesses import memory, students

SIZES = [(2, 3, 2, 4, 5), (1, 2, 3, 6, 4), (3, 4, 1, 3, 7)]  # D, H, O, T, B


def of(sizes, seed=0):
    given = memory.case(sizes, np.random.default_rng([seed, *sizes]))
    return given, students.memory_problem(given)


def backward(given, *, slope=lambda h, before: 1 - h**2, back=lambda R: R.T, late=0):
    """Assignment 4's backward pass once more, with places to make mistakes at."""
    net, x, y = given
    d_y = 2 * (net.forward(x) - y) / y.size
    h, deltas, d_h = net.states, [], d_y @ net.V.T
    for t in range(len(x), 0, -1):
        deltas.insert(0, d_h * slope(h[t], h[t - 1]))
        d_h = deltas[0] @ back(net.R)
    return {
        "d_V": h[-1].T @ d_y,
        "d_by": d_y.sum(axis=0)[:, None],
        "d_W": np.stack([x_t.T @ d for x_t, d in zip(x, deltas, strict=True)]),
        "d_R": np.stack([h[t + late].T @ d for t, d in enumerate(deltas)]),
        "d_bs": np.stack([d.sum(axis=0)[:, None] for d in deltas]),
    }


def names(finding):
    return {mistake.name for mistake in finding.mistakes}


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_a_right_gradient_is_right(sizes):
    given, problem = of(sizes)
    found = verify.diagnose(backward(given), problem)
    assert {f.verdict for f in found.values()} == {"right"}
    assert list(found) == ["d_V", "d_by", "d_W", "d_R", "d_bs"]
    assert str(found["d_W"]) == "d_W: right"


def test_a_hint_is_one_sentence_and_a_right_gradient_has_none():
    given, problem = of(SIZES[0])
    right, wrong = backward(given), backward(given, back=lambda R: R)
    found = verify.diagnose({"d_V": right["d_V"], "d_W": wrong["d_W"]}, problem)
    assert found["d_V"].hint == ""
    assert found["d_W"].hint == f"d_W (R transposed): {found['d_W'].mistakes[0].why}"
    others = {"d_V": 3 * right["d_V"] + 1, "d_by": 2 * right["d_by"]}
    unknown, factor = (f.hint for f in verify.diagnose(others, problem).values())
    assert unknown == "d_V: not right, and none of the known mistakes."
    assert factor == "d_by: right up to the factor 2 or T/2, a convention of the loss."


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_an_error_on_the_way_back_is_named_wherever_it_arrives(sizes):
    given, problem = of(sizes)
    transposed = verify.diagnose(backward(given, back=lambda R: R), problem)
    assert transposed["d_V"].verdict == transposed["d_by"].verdict == "right"
    for name in ("d_W", "d_R", "d_bs"):
        assert transposed[name].verdict == "mistake"
        assert names(transposed[name]) == {"R transposed"}
    cut = verify.diagnose(backward(given, back=lambda R: 0 * R), problem)
    assert names(cut["d_W"]) == {"no path through time"}
    assert "no path through time" in str(cut["d_W"])
    assert cut["d_W"].mistakes[0].why in str(cut["d_W"])


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_an_error_in_one_gradient_leaves_the_others_right(sizes):
    given, problem = of(sizes)
    found = verify.diagnose(backward(given, late=1), problem)
    assert names(found["d_R"]) == {"h_t for h_{t-1}"}
    assert {f.verdict for name, f in found.items() if name != "d_R"} == {"right"}


def test_conventions_of_the_loss_are_named():
    given, problem = of((2, 3, 2, 5, 7))
    g = backward(given)
    found = verify.diagnose({"d_V": 7 * g["d_V"], "d_W": -g["d_W"], "d_R": g["d_R"] / 2}, problem)
    assert [(f.verdict, f.factors) for f in found.values()] == [
        ("factor", ("B",)),
        ("factor", ("-1",)),
        ("factor", ("1/2",)),
    ]
    assert "the factor B" in str(found["d_V"])
    assert str(found["d_W"]) == "d_W: right but for the sign"


def test_a_mistake_under_another_convention_is_named_with_the_factor():
    given, problem = of((2, 3, 2, 5, 7))
    finding = verify.diagnose({"d_W": -backward(given, back=lambda R: R)["d_W"]}, problem)["d_W"]
    assert names(finding) == {"R transposed"}
    assert finding.factors == ("-1",)
    assert "times the factor -1" in str(finding)


def test_two_explanations_of_one_number_are_both_given():
    given, problem = of((2, 3, 2, 5, 7))
    finding = verify.diagnose({"d_by": backward(given)["d_by"] / 7}, problem)["d_by"]
    assert names(finding) == {"a second mean over the batch"}
    assert finding.factors == ("1/B",)
    assert "second mean" in str(finding)
    assert "1/B" in str(finding)


def test_numbers_that_cannot_tell_a_mistake_say_so():
    given, _ = of((1, 1, 1, 1, 3))  # one step: there is no path through time
    problem = students.memory_problem(given)
    finding = verify.diagnose({"d_W": backward(given)["d_W"]}, problem)["d_W"]
    assert finding.verdict == "right"
    assert names(finding) == {"the first input at every step", "transposed"}
    said = "d_W: right (these numbers cannot tell: the first input at every step, transposed)"
    assert str(finding) == said


def test_a_sum_forgotten_has_another_shape_and_is_named():
    given, problem = of((2, 3, 2, 4, 5))
    net, x, y = given
    d_y = 2 * (net.forward(x) - y) / y.size
    assert names(verify.diagnose({"d_by": d_y.T}, problem)["d_by"]) == {"no sum over the batch"}


def test_printed_digits_are_enough_and_a_stranger_is_unknown():
    given, problem = of((2, 3, 2, 4, 5))
    g = backward(given)
    rounded = np.vectorize(lambda a: float(f"{a:.6g}"))(g["d_R"])
    found = verify.diagnose({"d_R": rounded, "d_V": 1.3 * g["d_V"]}, problem)
    assert found["d_R"].verdict == "right"
    assert found["d_V"].verdict == "unknown"
    assert "none of the known mistakes" in str(found["d_V"])
    assert verify.diagnose({"d_R": rounded}, problem, rtol=1e-12)["d_R"].verdict == "unknown"


def test_without_a_problem_the_numbers_are_those_of_the_first_assignment():
    sheet = {"wx": 0.0291716, "wh": 8.61259e-06, "b1": -0.0290755, "w": -0.0851278, "b2": 0.0230935}
    assert {f.verdict for f in verify.diagnose(sheet).values()} == {"right"}
    held = verify.diagnose({"wx": 0.0291779})["wx"]  # the state before step 2 held fixed
    assert names({held.name: held}["wx"]) == {"no path through time"}


def test_gradients_with_an_equation_each_need_their_labels_only():
    y_hat, y, b = np.array([0.3, -1.2, 0.8]), np.array([1.0, 0.5, -0.4]), 2
    world = memory.mse_worlds(y_hat, y, 0.0, y)[b - 1]
    problem = students.from_table({"slope": "eq-mse-gradient"}, world)
    right = 2 / 3 * (y_hat[b - 1] - y[b - 1])
    assert verify.diagnose({"slope": right}, problem)["slope"].verdict == "right"
    assert names(verify.diagnose({"slope": [[3 * right]]}, problem)["slope"]) == {
        "not divided by the batch size"
    }


@pytest.mark.parametrize(
    ("gradient", "message"),
    [
        ({}, "gradient: expected a mapping of names to numbers, got {}"),
        ([1.0], "gradient: expected a mapping"),
        ({"dV": 1.0}, r"expected names among d_V, d_W, d_R, d_bs, d_by, got 'dV'"),
        ({"d_V": np.zeros(3)}, r"gradient\['d_V'\]: expected shape \(3, 2\), got \(3,\)"),
        (
            {"d_V": np.full((3, 2), np.nan)},
            r"\['d_V'\]: expected finite numbers, got .*nan",
        ),
        ({"d_V": "a"}, r"gradient\['d_V'\]: expected numbers, got 'a'"),
        ({"d_V": None}, r"gradient\['d_V'\]: expected"),
    ],
    ids=["empty", "list", "name", "shape", "nan", "text", "none"],
)
def test_bad_input_names_argument_expectation_and_finding(gradient, message):
    with pytest.raises(ValueError, match=message):
        verify.diagnose(gradient, of((2, 3, 2, 4, 5))[1])


def test_a_label_that_is_not_in_the_table_is_named():
    with pytest.raises(ValueError, match="'eq-nothing'"):
        students.from_table({"a": "eq-nothing"}, {})
