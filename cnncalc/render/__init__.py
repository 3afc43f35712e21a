"""Everything a person or a program sees, drawn from the report objects. Nothing else in cnncalc prints."""
