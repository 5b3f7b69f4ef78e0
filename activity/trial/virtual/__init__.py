"""Virtual people: who they are, how they live with a plan, and what ways of planning make of them."""
