"""Homework: read answers, mark them, name the mistakes, grade a class, set a quiz. Needs neither numpy nor rich.

quantities, network      what can be asked of a network, and the right answers, from the analyzer
notation, submission     values as people write them, and the files they hand in
assignment               what was asked, and what it is worth
workings, mistakes       calculations in parts, and the small changes that mistakes make to them
diagnose                 which mistakes give a number
compare, follow, condition, check, marks    one student's marks
grade, quiz              a class; questions to ask one
"""
