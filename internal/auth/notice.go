package auth

import "context"

// Notices says about which events of their account users get a mail.
type Notices string

// The words of NOTICES; the zero value is NoticesSecurity.
const (
	NoticesSecurity Notices = "security" // the password, factors, wrong codes, the end of all sessions
	NoticesSignIns  Notices = "sign-ins" // these, and sign-ins from a source that the user had not signed in from
	NoticesOff      Notices = "off"
)

// wrongCodesNoticed is the number of wrong codes in a row at which the user hears of them: somebody has the password.
const wrongCodesNoticed = 10

// notifier tells users what happened to their account.
type notifier struct {
	outbox  Outbox // nil: mail is off
	notices Notices
	auditor auditor
}

// notify sends a notice of that kind, if the deployment wants it. What it is about has happened already, also if the client has hung
// up, so a failure is logged and audited, and changes nothing else.
func (n notifier) notify(ctx context.Context, kind MessageKind, userID string) {
	if n.outbox == nil || n.notices == NoticesOff {
		return
	}
	ctx, cancel := detach(ctx)
	defer cancel()
	if err := n.outbox.Send(ctx, Message{Kind: kind, UserID: userID}); err != nil {
		n.auditor.log.ErrorContext(ctx, "a notice was not sent", "kind", string(kind), "user", userID, "error", err)
		n.auditor.record(ctx, AuditRecord{Event: EventNotice, Mail: kind, UserID: userID, Outcome: OutcomeFailed, Reason: ReasonUnavailable})
	}
}

// watchesSources reports whether users hear of sign-ins from unknown sources; otherwise nothing is read or sent for it.
func (n notifier) watchesSources() bool { return n.outbox != nil && n.notices == NoticesSignIns }

// noteSource remembers whether the user signed in from the source before, by the pair that the sign-in read.
func (l *login) noteSource(p Pair) {
	l.stranger = l.watchesSources() && l.rules.Limits != (Limits{}) && l.device.ID == "" && !l.now().Before(p.KnownUntil)
}

// noticeSource tells the user of a completed sign-in from an unknown source. An integration has no user who signs in.
func (l *login) noticeSource(ctx context.Context, s Session) {
	if l.stranger && l.replaces == nil && s.ActorID == "" && !s.ofIntegration() {
		l.notify(ctx, MessageSignIn, s.UserID)
	}
}
