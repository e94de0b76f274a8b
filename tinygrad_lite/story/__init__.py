"""Whose fault is this, and why: the chain rule on a recorded graph, told step by step with its numbers."""

from .formula import Formula, NoFormula
from .steps import Step, Telling
from .story import Story, explain
from .why import Cause, Why, why
