"""Organisations: accounts, their members and teams, what they own, and who may do what with it.

The modules stand on one another in this order: `members` says who belongs where, `rights` what he may do, `products`
what there is to do it with; `services` and `tags` sort products, `product_lists` and `product_lookup` list them;
`teams` share rights; `invitations` bring new members; `users` and `accounts` show the whole.
"""
