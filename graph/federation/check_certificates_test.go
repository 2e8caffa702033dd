package federation_test

import (
	"testing"

	"signpost/graph/facts"
)

func TestCertificatesThatEnd(t *testing.T) {
	left := func(days float64) func(*world) {
		return func(w *world) { w.both(cert("", "x", in(days-365), in(days))) }
	}
	check(t, map[string]row{
		"61 days left":                       {left(61), nil},
		"60 days left":                       {left(60), []string{"certificate-ends note"}},
		"36 days left":                       {left(36), []string{"certificate-ends note"}},
		"a little more than 35 days left":    {left(35.01), []string{"certificate-ends note"}},
		"35 days left":                       {left(35), []string{"certificate-ends warning"}},
		"a little more than 15 days left":    {left(15.01), []string{"certificate-ends warning", "rollover warning"}},
		"15 days left":                       {left(15), []string{"certificate-ends critical", "rollover warning"}},
		"1 hour left":                        {left(1.0 / 24), []string{"certificate-ends critical", "rollover warning"}},
		"ended just now":                     {left(0), []string{"certificate-expired critical"}},
		"ended yesterday":                    {left(-1), []string{"certificate-expired critical"}},
		"warned earlier where so configured": {func(w *world) { left(80)(w); w.WarnDays = []int{90} }, []string{"certificate-ends note"}},
		"not warned where so configured":     {func(w *world) { left(50)(w); w.WarnDays = []int{7, 40} }, nil},
		"warned by default":                  {func(w *world) { left(50)(w); w.WarnDays = nil }, []string{"certificate-ends note"}},

		"20 days left, staged":                        {func(w *world) { w.both(soon, staged) }, []string{"certificate-rollover note"}},
		"5 days left, staged":                         {func(w *world) { w.both(cert("", "x", in(-360), in(5)), staged) }, []string{"certificate-rollover note"}},
		"20 days left, the next is the same":          {func(w *world) { w.both(soon, soon) }, []string{"certificate-ends warning", "rollover warning"}},
		"20 days left, the next is older":             {func(w *world) { w.both(soon, cert("", "older", in(-400), in(10))) }, []string{"certificate-ends warning", "rollover warning"}},
		"20 days left, the next has ended":            {func(w *world) { w.both(soon, cert("", "ended", in(-400), in(-10))) }, []string{"certificate-ends warning", "rollover warning"}},
		"20 days left, the next ends the same moment": {func(w *world) { w.both(soon, cert("", "twin", in(-300), soon.NotAfter)) }, []string{"certificate-ends warning", "rollover warning"}},
		"20 days left, the next begins too late":      {func(w *world) { w.both(soon, cert("", "late", in(25), in(390))) }, []string{"certificate-ends warning", "rollover warning"}},
		"20 days left, the next begins in time":       {func(w *world) { w.both(soon, cert("", "intime", in(15), in(380))) }, []string{"certificate-rollover note"}},
		"20 days left, the next cannot be read": {func(w *world) {
			w.both(soon)
			w.f.Certificates = append(w.f.Certificates, facts.Certificate{Slot: "next", Problem: "not base64"})
		}, []string{"certificate-ends warning", "rollover warning", "certificate-unreadable unknown"}},
		"staged, and the next ends soon as well": {func(w *world) { w.both(soon, cert("", "short", in(-10), in(30))) }, []string{"certificate-ends warning", "certificate-rollover note"}},
		"staged, and the next ends within days":  {func(w *world) { w.both(cert("", "x", in(-360), in(2)), cert("", "short", in(-10), in(10))) }, []string{"certificate-ends critical", "certificate-rollover note"}},

		"ended, nothing staged":                       {func(w *world) { w.none(); w.hold(cert("", "x", in(-400), in(-2))) }, []string{"certificate-expired critical"}},
		"ended, and the next one too":                 {func(w *world) { w.none(); w.hold(cert("", "x", in(-400), in(-2)), cert("", "y", in(-390), in(-1))) }, []string{"certificate-expired critical"}},
		"ended, and the next one begins later":        {func(w *world) { w.none(); w.hold(cert("", "x", in(-400), in(-2)), cert("", "y", in(3), in(390))) }, []string{"certificate-expired critical"}},
		"ended, the next is valid":                    {func(w *world) { w.none(); w.hold(cert("", "x", in(-400), in(-2)), staged) }, []string{"certificate-expired critical"}},
		"ended long before the next began":            {func(w *world) { w.none(); w.hold(cert("", "x", in(-400), in(-20)), staged) }, []string{"certificate-expired critical"}},
		"ended, the identity provider uses the next":  {func(w *world) { w.hold(cert("", "x", in(-400), in(-2)), staged); w.publish(staged) }, []string{"certificate-expired critical"}},
		"ended, the identity provider publishes both": {func(w *world) { w.both(cert("", "x", in(-400), in(-2)), staged) }, []string{"certificate-expired critical"}},
		"ended, and the identity provider uses it still": {func(w *world) {
			w.hold(cert("", "x", in(-400), in(-2)), staged)
			w.publish(cert("", "x", in(-400), in(-2)))
		},
			[]string{"certificate-expired critical", "certificate-foreign warning!"}},

		"not valid yet":                        {func(w *world) { w.none(); w.hold(cert("", "x", in(2), in(367))) }, []string{"certificate-not-yet-valid critical"}},
		"not valid yet, the other still is":    {func(w *world) { w.none(); w.hold(cert("", "x", in(2), in(367)), cert("", "y", in(-300), in(60))) }, []string{"certificate-early note"}},
		"not valid yet, the other ends before": {func(w *world) { w.none(); w.hold(cert("", "x", in(9), in(367)), cert("", "y", in(-300), in(5))) }, []string{"certificate-early warning"}},

		"no certificate":  {func(w *world) { w.none(); w.f.Certificates = []facts.Certificate{} }, []string{"certificate-missing critical"}},
		"only a next one": {func(w *world) { w.f.Certificates = []facts.Certificate{slotted("next", young)} }, nil},
		"one that cannot be read": {func(w *world) {
			w.none()
			w.f.Certificates = []facts.Certificate{{Slot: "current", Problem: "not base64"}}
		}, []string{"certificate-unreadable unknown"}},
		"two that cannot be read": {func(w *world) {
			w.none()
			w.f.Certificates = []facts.Certificate{{Slot: "current", Problem: "empty"}, {Slot: "next", Problem: "empty"}}
		}, []string{"certificate-unreadable unknown", "certificate-unreadable unknown"}},
		"unreadable, and the next ended": {func(w *world) {
			w.none()
			w.f.Certificates = []facts.Certificate{{Slot: "current", Problem: "empty"}, cert("next", "y", in(-390), in(-1))}
		}, []string{"certificate-expired critical", "certificate-unreadable unknown"}},
	})
}

func TestAutomaticRollover(t *testing.T) {
	ran := func(result string, daysAgo float64) func(*world) {
		return func(w *world) {
			at := in(-daysAgo)
			w.f.Rollover, w.f.RolloverAt = result, &at
		}
	}
	with := func(all ...func(*world)) func(*world) {
		return func(w *world) {
			for _, f := range all {
				f(w)
			}
		}
	}
	twenty := func(w *world) { w.both(soon) }
	fifty := func(w *world) { w.both(cert("", "x", in(-315), in(50))) }
	check(t, map[string]row{
		"success long ago, certificate young":     {ran("Success", 90), nil},
		"none found, certificate young":           {ran("NoNewCertificateFound", 1), nil},
		"never ran, certificate young":            {func(w *world) { w.f.Rollover, w.f.RolloverAt = "", nil }, nil},
		"fails, certificate young":                {ran("couldNotAccessRemoteHost", 1), []string{"rollover note"}},
		"failed before the certificate began":     {ran("couldNotAccessRemoteHost", 101), nil},
		"fails, 50 days left":                     {with(fifty, ran("xmlParsingError", 1)), []string{"certificate-ends note", "rollover note"}},
		"fails, 20 days left":                     {with(twenty, ran("connectionError", 1)), []string{"certificate-ends warning", "rollover warning"}},
		"none found yesterday, 20 days left":      {with(twenty, ran("noNewCertificateFound", 1)), []string{"certificate-ends warning"}},
		"success yesterday, 20 days left":         {with(twenty, ran("success", 1)), []string{"certificate-ends warning"}},
		"success ten days ago, 20 days left":      {with(twenty, ran("success", 10)), []string{"certificate-ends warning", "rollover warning"}},
		"never ran, 20 days left":                 {with(twenty, func(w *world) { w.f.RolloverAt = nil }), []string{"certificate-ends warning", "rollover warning"}},
		"success ten days ago, 50 days left":      {with(fifty, ran("success", 10)), []string{"certificate-ends note"}},
		"fails, but the next is staged":           {with(func(w *world) { w.both(soon, staged) }, ran("connectionError", 1)), []string{"certificate-rollover note"}},
		"a word that Microsoft may add":           {ran("sunspots", 1), []string{"rollover note"}},
		"Okta, where it never works":              {with((*world).okta, ran("notFound", 1)), nil},
		"Okta, 20 days left, where it is no news": {with((*world).okta, func(w *world) { w.hold(soon) }, ran("notFound", 1)), []string{"certificate-ends warning"}},
	})
}
