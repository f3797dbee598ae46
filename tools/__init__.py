"""What agents can do: arguments in, one engine call, a typed result out. No protocol here."""
