"""How the book is made: execution, site, checks. The library `unrolled` never imports it."""
