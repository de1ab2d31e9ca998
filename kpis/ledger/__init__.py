"""Effect times value driver: one entry per driver and interval, and the costs against them."""
