package federation_test

import (
	"fmt"
	"strings"
	"testing"

	"signpost/graph/federation"
)

// What a document may cost: an ordinary one, and the dearest that the limits let through.
func BenchmarkParseMetadata(b *testing.B) {
	one := signing(b, "one", now, now.AddDate(1, 0, 0))
	ordinary := sign(b, adfs("sts.contoso.com", key("signing", one)), one)
	var spaces strings.Builder
	for i := range 55 {
		fmt.Fprintf(&spaces, ` xmlns:n%d="urn:%d"`, i, i)
	}
	padding := "<Extensions" + spaces.String() + ">" + strings.Repeat(`<x a="b" c="d" n1:e="f"/>`, 9_000) + "</Extensions>"
	long := strings.Replace(adfs("sts.contoso.com", key("signing", one)), "<IDPSSODescriptor", padding+"<IDPSSODescriptor", 1)
	deep := strings.Replace(adfs("sts.contoso.com", key("signing", one)), "<IDPSSODescriptor", strings.Repeat("<x>", 50)+strings.Repeat("<y/>", 9_000)+strings.Repeat("</x>", 50)+"<IDPSSODescriptor", 1)
	for name, text := range map[string]string{
		"ordinary, signed": ordinary, "long, unsigned": long, "long, signed": sign(b, long, one), "deep, signed": sign(b, deep, one),
		"long, signature of another": strings.Replace(long, "<RoleDescriptor", ordinary[strings.Index(ordinary, "<ds:Signature"):strings.Index(ordinary, "<RoleDescriptor")]+"<RoleDescriptor", 1),
	} {
		b.Run(fmt.Sprintf("%s, %d KB", name, len(text)>>10), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if d, err := federation.DocumentIn([]byte(text), ""); err != nil || len(d.Certificates) != 1 {
					b.Fatal(err, len(d.Certificates))
				}
			}
		})
	}
}
