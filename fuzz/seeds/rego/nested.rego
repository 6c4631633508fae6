package check
fail contains "x" if [[[[[[[[[[input]]]]]]]]]] == 1
