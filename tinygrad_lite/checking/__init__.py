"""Whether derivatives are right: at one point (`check_grads`), and of an operation as such (`certify`)."""

from .certify import Certificate, certify
from .gradients import check_grads
