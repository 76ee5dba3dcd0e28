"""Who someone is: sign-in, sessions, second factors and passwords."""
