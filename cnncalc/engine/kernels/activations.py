"""The functions that activations need, on vectors of 16 float32, to within a few units in the last place.

Each reduces its argument to a short interval, where a polynomial of few terms is as exact as float32; the coefficients
of expm1 and log1p are those of S. Moshier's Cephes library (expf.c, logf.c). What follows is derived from two cores:

- `exp` and `expm1`: x = n ln 2 + r with |r| <= ln(2)/2, exp(x) = 2**n exp(r)
- `normal_tail`: the probability that a normal variable exceeds `a`, for GELU

Formulas are chosen so that nothing cancels on the way: softplus(x) = max(x, 0) + log1p(exp(-|x|)), and tanh(x) =
-expm1(-2|x|) / (2 + expm1(-2|x|)) with the sign of x. NaN gives NaN, and infinities give the limit (NaN where the
definition multiplies infinity by 0).

Compiled within the kernels that call them; they may also be part of a convolution's finish.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cnncalc.engine.native import inlined
from cnncalc.engine.simd.vector import (
    absolute,
    add,
    broadcast,
    copy_sign,
    divide,
    fma,
    maximum,
    minimum,
    multiply,
    polynomial,
    power_of_two,
    subtract,
    where_less,
)


def _float32(*numbers: float) -> tuple[np.float32, ...]:
    return tuple(np.float32(number) for number in numbers)


# Constants are float32, since a Python float would make all it meets a double.
ZERO, HALF, ONE, TWO, THREE, SIX = _float32(0, 0.5, 1, 2, 3, 6)
SIXTH = np.float32(1 / 6)
ROUNDER = np.float32(1.5 * 2**23 + 127)
"""Added to a number and taken off again, it leaves the nearest integer n; added, it leaves n + 127 in the last bits."""
MINUS_ZERO = np.float32(-0.0)
"""From which to subtract is to change the sign, which costs nothing within a multiply-add."""
LOG2_E = np.float32(1.44269504088896341)
LN_2_HIGH, LN_2_LOW = _float32(0.693359375, -2.12194440e-4)  # products of the first with integers to 2**14 are exact
LN_2 = np.float32(0.69314718055994531)
EXP = _float32(1, 1, 0.499999934, 0.166665204, 0.0416683908, 0.0083687452, 0.00138145401)
"""A minimax fit by Lawson's algorithm over |r| <= ln(2)/2, relative error 3e-9."""
EXPM1 = _float32(5.0000001201e-1, 1.6666665459e-1, 4.1665795894e-2, 8.3334519073e-3, 1.3981999507e-3, 1.9875691500e-4)
EXP_LOW, EXP_HIGH = _float32(-88, 89)
"""What x / ln 2 rounds to is -127 and 128."""
EXPM1_LOW = np.float32(-30)
"""Below expm1 is -1 in float32."""
ROOT_2_LESS_1 = np.float32(0.41421356237309505)
LOG = _float32(
    3.3333331174e-1,
    -2.4999993993e-1,
    2.0000714765e-1,
    -1.6668057665e-1,
    1.4249322787e-1,
    -1.2420140846e-1,
    1.1676998740e-1,
    -1.1514610310e-1,
    7.0376836292e-2,
)
TAIL_SHIFT = np.float32(3.5)
TAIL = _float32(
    0.744416074,
    -0.565561739,
    0.315425091,
    -0.116053175,
    0.0174058214,
    0.00649372707,
    -0.00317282922,
    -0.000495040211,
    0.000418323914,
    0.000108694187,
)
"""A minimax fit by Lawson's algorithm over 0 <= a <= 15, relative error 8e-9."""
TAIL_LIMIT = np.float32(15)
"""Above, the normal tail is 0 in float32."""
GELU_CUBE = np.float32(0.044715)
GELU_SCALE = np.float32(1.5957691216057308)  # 2 sqrt(2 / pi)
MISH_LIMIT = np.float32(20)


@inlined
def _reduced(x: Any) -> Any:
    """n, given as n + ROUNDER, and r, for x = n ln 2 + r. The two parts of ln 2: Cody and Waite 1980."""
    shifted = fma(x, broadcast(LOG2_E), broadcast(ROUNDER))
    n = subtract(shifted, broadcast(ROUNDER))
    r = fma(n, broadcast(-LN_2_HIGH), x)
    return shifted, fma(n, broadcast(-LN_2_LOW), r)


@inlined
def exp(x: Any) -> Any:
    """The exponential function; 0 where it is less than the normal numbers, infinite from 2**127.5 on.

    Both come of n = -127 and n = 128, of which `power_of_two` makes 0 and infinity.
    """
    shifted, r = _reduced(minimum(maximum(x, broadcast(EXP_LOW)), broadcast(EXP_HIGH)))
    return multiply(polynomial(r, EXP), power_of_two(shifted))


@inlined
def expm1_of_negative(x: Any) -> Any:
    """The exponential function less 1 for x <= 0, exact also where x is near 0."""
    shifted, r = _reduced(maximum(x, broadcast(EXPM1_LOW)))
    rest = fma(multiply(r, r), polynomial(r, EXPM1), r)
    scale = power_of_two(shifted)
    return fma(rest, scale, subtract(scale, broadcast(ONE)))


@inlined
def log1p_of_fraction(u: Any) -> Any:
    """log(1 + u) for 0 <= u <= 1: from sqrt(2) on as ln 2 + log((1 + u) / 2)."""
    bound, one = broadcast(ROOT_2_LESS_1), broadcast(ONE)
    f = where_less(bound, u, multiply(subtract(u, one), broadcast(HALF)), u)
    square = multiply(f, f)
    tail = fma(square, broadcast(-HALF), multiply(multiply(square, f), polynomial(f, LOG)))
    return add(add(f, tail), where_less(bound, u, broadcast(LN_2), broadcast(ZERO)))


@inlined
def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x))."""
    return divide(broadcast(ONE), _logistic_divisor(x))


@inlined
def _logistic_divisor(x: Any) -> Any:
    """1 + exp(-x)."""
    x = minimum(maximum(x, broadcast(-EXP_HIGH)), broadcast(-EXP_LOW))
    shifted, r = _reduced(subtract(broadcast(MINUS_ZERO), x))
    return fma(polynomial(r, EXP), power_of_two(shifted), broadcast(ONE))


@inlined
def tanh(x: Any) -> Any:
    """The hyperbolic tangent."""
    t = expm1_of_negative(multiply(absolute(x), broadcast(-TWO)))
    return copy_sign(divide(t, add(broadcast(TWO), t)), x)


@inlined
def softplus(x: Any) -> Any:
    """log(1 + exp(x))."""
    z = exp(subtract(broadcast(ZERO), absolute(x)))
    return add(maximum(x, broadcast(ZERO)), log1p_of_fraction(z))


@inlined
def softplus_of(x: Any, beta: Any, threshold: Any) -> Any:
    """log(1 + exp(beta x)) / beta, or x where beta x is over the threshold."""
    z = multiply(beta, x)
    return where_less(threshold, z, x, divide(softplus(z), beta))


@inlined
def normal_tail(a: Any) -> Any:
    """erfc(a / sqrt(2)) / 2 for a >= 0: exp(-a**2 / 2) u P(q), with u = 1 / (a + 3.5), q = (a - 3.5) u, P of degree 9.

    The form is that of Abramowitz and Stegun 7.1.26, in the variable that N. Juffa takes for erfcf. What rounding loses
    of q and of a**2 is put back: the latter would be 25 units where the tail is thin.
    """
    a = minimum(a, broadcast(TAIL_LIMIT))
    one, shift = broadcast(ONE), broadcast(-TAIL_SHIFT)
    u = divide(one, subtract(a, shift))
    q = fma(u, broadcast(-TWO * TAIL_SHIFT), one)
    q = fma(u, fma(subtract(broadcast(ZERO), q), a, fma(add(q, one), shift, a)), q)
    square = multiply(a, a)
    lost = fma(a, a, subtract(broadcast(ZERO), square))
    p = multiply(u, polynomial(q, TAIL))
    p = fma(multiply(lost, broadcast(-HALF)), p, p)
    return multiply(exp(multiply(square, broadcast(-HALF))), p)


@inlined
def silu(x: Any) -> Any:
    """Return x / (1 + exp(-x))."""
    return divide(x, _logistic_divisor(x))


@inlined
def gelu(x: Any) -> Any:
    """Return x times the probability that a normal variable is less: x/2 (1 + erf(x / sqrt(2)))."""
    tail = normal_tail(absolute(x))
    return multiply(x, where_less(x, broadcast(ZERO), tail, subtract(broadcast(ONE), tail)))


@inlined
def gelu_tanh(x: Any) -> Any:
    """x/2 (1 + tanh(w)) with w = sqrt(2/pi) (x + 0.044715 x**3), which is x sigmoid(2 w)."""
    w = multiply(x, fma(multiply(x, x), broadcast(GELU_CUBE * GELU_SCALE), broadcast(GELU_SCALE)))
    return divide(x, _logistic_divisor(w))


@inlined
def mish(x: Any) -> Any:
    """Return x tanh(log(1 + w)) with w = exp(x), which is x v / (v + 2) with v = w (w + 2)."""
    w = exp(minimum(x, broadcast(MISH_LIMIT)))
    v = multiply(w, add(w, broadcast(TWO)))
    return multiply(x, divide(v, add(v, broadcast(TWO))))


@inlined
def hardsigmoid(x: Any) -> Any:
    """min(max(x + 3, 0), 6) / 6."""
    raised = maximum(add(x, broadcast(THREE)), broadcast(ZERO))
    return multiply(minimum(raised, broadcast(SIX)), broadcast(SIXTH))


@inlined
def hardswish(x: Any) -> Any:
    """Return x min(max(x + 3, 0), 6) / 6."""
    return multiply(x, hardsigmoid(x))


@inlined
def leaky_relu(x: Any, slope: Any) -> Any:
    """x, or slope * x below zero."""
    return where_less(broadcast(ZERO), x, x, multiply(slope, x))


@inlined
def elu(x: Any, alpha: Any) -> Any:
    """x, or alpha (exp(x) - 1) below zero."""
    zero = broadcast(ZERO)
    return where_less(zero, x, x, multiply(alpha, expm1_of_negative(minimum(x, zero))))
