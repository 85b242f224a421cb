"""Tables. Client: `app` + `monitoring`. Admin: `app` + `fleet`. No behaviour lives here."""
