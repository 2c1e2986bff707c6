package app

import "latchkey/internal/mail"

// MailWriter returns the writer of the mails that the settings describe.
func MailWriter(c Config) mail.Writer {
	return mail.Writer{Service: c.Name(), From: c.MailFrom, ResetURL: c.ResetURL}
}
