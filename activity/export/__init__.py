"""What the program holds, in the forms of others: REDCap, IEEE 1752.1, FHIR R4, GGIR-like and stepcount-like tables."""
