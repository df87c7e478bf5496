"""Who is asking: sign-in, cookies, and what protects every answer."""
