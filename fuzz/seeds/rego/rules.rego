# METADATA
# title: A queue is open
# custom:
#   severity: high
package check

import rego.v1

default limit := 10

fail contains message if {
	some statement in input.policy.Statement
	statement.Effect == "Allow"
	open(statement.Principal)
	message := sprintf("`%v` is open", [statement.Sid])
}

open(principal) if principal == "*"

open(principal) if {
	some value in object.get(principal, "AWS", [])
	not startswith(value, "arn:")
}

many if count([x | some x in input.list; x > limit]) > 2 else := false

fail contains sprintf("%s of %d", [input.name, input.size]) if {
	not input.policy.Statement
	every item in input.list { startswith(item, "a") }
	object.get(input, ["policy", "Version"], "2008-10-17") < "2012-10-17"
}
