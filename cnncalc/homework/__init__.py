"""Homework: read answers, mark them, name the mistakes, grade a class, set a quiz. Needs neither numpy nor rich."""
