package handlers

import (
	"bytes"
	"fmt"
	"image/png"
	"os"
	"strings"
	"testing"

	"signpost/graph/facts"
)

// until is a domain whose certificates end after so many days.
func until(domain string, current, next int) facts.Trust {
	t := trust(domain)
	t.Certificates = append(t.Certificates, facts.TrustCertificate{Certificate: facts.Certificate{Slot: "current", NotAfter: *days(current)}, DaysLeft: current})
	if next != 0 {
		t.Certificates = append(t.Certificates, facts.TrustCertificate{Certificate: facts.Certificate{Slot: "next", NotAfter: *days(next)}, DaysLeft: next})
	}
	return t
}

func TestTimelineSaysTheSameInWords(t *testing.T) {
	r := report(until("contoso.com", 12, 0), until("fabrikam.com", 20, 75), until("northwind.example", -5, 0), until("later.example", 20, 400), until("a-very-long-name-of-a-domain.subsidiary.contoso.com", 33, 0), until("adatum.com", 1, 0), until("tailspin.example", 88, 0))
	picture, alt, err := Timeline(r, warn, at)
	if err != nil {
		t.Fatal(err)
	}
	want := "Signing certificates of 6 federated domains end within 90 days of 2026-11-24: northwind.example on 2026-11-19, ended 5 days ago; adatum.com on 2026-11-25, in 1 day; " +
		"contoso.com on 2026-12-06, in 12 days; a-very-long-name-of-a-domain.subsidiary.contoso.com on 2026-12-27, in 33 days; fabrikam.com on 2027-02-07, in 75 days; tailspin.example on 2027-02-20, in 88 days."
	if alt != want {
		t.Errorf("%s", alt)
	}
	img, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	if b := img.Bounds(); b.Dx() != timelineWidth || b.Dy() != timelineTop+6*timelineRow+timelineFoot {
		t.Errorf("%v", b)
	}
	if path := os.Getenv("SIGNPOST_TIMELINE"); path != "" { // to be looked at
		if err := os.WriteFile(path, picture, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTimelineOnlyOfSeveralEnds(t *testing.T) {
	if picture, alt, err := Timeline(report(until("contoso.com", 12, 0), until("fabrikam.com", 20, 91)), warn, at); err != nil || picture != nil || alt != "" {
		t.Errorf("%d bytes, %q, %v", len(picture), alt, err)
	}
}

func TestTimelineOfManyIsBounded(t *testing.T) {
	var all []facts.Trust
	for i := range 1000 {
		all = append(all, until(fmt.Sprintf("d%03d.contoso.com", i), 1+i%89, 0))
	}
	picture, alt, err := Timeline(report(all...), warn, at)
	if err != nil || len(picture) == 0 || len(picture) > 1<<19 {
		t.Errorf("%d bytes, %v", len(picture), err)
	}
	if len(alt) > 2000 || !strings.Contains(alt, " more.") {
		t.Errorf("%d: %s", len(alt), alt)
	}
}
