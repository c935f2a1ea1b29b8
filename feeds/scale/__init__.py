"""A civil service of any size, written as rows: deterministic, skewed as real ones are, by COPY where there is one."""
