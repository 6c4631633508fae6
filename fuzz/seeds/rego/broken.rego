package check
fail contains "x" if {
	every x in input.a { {y | y := x.b[_]; y != [1, {"k": 2}]} }
	with input as {}