package aadsts

import (
	"regexp"
	"strings"
	"testing"
)

// prose is what a support channel is full of: words, numbers, ids and links, and no error.
var prose = strings.Repeat(`Morning all, the rollout of build 20260901.4 to ring 2 is done, 48213 devices took it and 117 are still pending.
Ann moved ticket 884213 to Friday; the vendor's reference is 7731904 and the order number is 100482213. Please do not restart
host app-17 before 14:30, it holds the queue for https://shop.example.com/orders/48213?page=2&sort=date#row-118 until then.
The release notes are at https://wiki.example.com/spaces/OPS/pages/90210443/Release+notes, thanks to Dana for adding the tables.
Device 6f1f2b6e-2a5c-4c9b-8c3a-1d2e3f405162 shows up twice in the inventory, and so does 0aa2f1b5-2f0a-4a6f-9d1c-5b4f5a0e0100.
Could somebody from the AAD team look at the phone list? The number is +49 30 1234567, extension 50126, and nobody answers.
`, 60)[:40_000]

// withError is the same with one pasted error in the middle.
var withError = prose[:20_000] + "\nRequest Id: 0aa2f1b5-2f0a-4a6f-9d1c-5b4f5a0e0100\nCorrelation Id: 5b0f1a52-7e51-4f0c-9a41-3a1b2c3d4e5f\n" +
	"Timestamp: 2026-03-04T10:22:11Z\nMessage: AADSTS50020: User account 'ann@fabrikam.com' from identity provider 'live.com' does not exist in tenant 'Contoso' and " +
	"cannot access the application '1b2f7c2e-6d3a-4f58-8f7a-2f9f5d1e0a11'(Expenses) in that tenant.\n" + prose[20_400:]

// find is what one would write with package regexp; it finds less than Find does.
var find = regexp.MustCompile(`(?i)aadsts[\s:_#-]*\d{5,8}|error_codes\W+\d{5,7}|error\?code=\d{5,7}|(?:sign-?in )?error codes?\W+\d{5,7}|resulttype\W+\d{5,7}`)

func BenchmarkNothing(b *testing.B) {
	b.Run("Find", func(b *testing.B) {
		b.SetBytes(int64(len(prose)))
		b.ReportAllocs()
		for b.Loop() {
			if Find(prose) != nil {
				b.Fatal("found an error in prose")
			}
		}
	})
	b.Run("regexp", func(b *testing.B) {
		b.SetBytes(int64(len(prose)))
		b.ReportAllocs()
		for b.Loop() {
			if find.MatchString(prose) {
				b.Fatal("found an error in prose")
			}
		}
	})
	b.Run("FindSecrets", func(b *testing.B) {
		b.SetBytes(int64(len(prose)))
		b.ReportAllocs()
		for b.Loop() {
			if FindSecrets(prose) != nil {
				b.Fatal("found a secret in prose")
			}
		}
	})
}

// fill repeats s to 40 KB behind one true error, so that the whole text is read closely.
func fill40(s string) string {
	const head = "AADSTS50076: you must use multi-factor authentication. "
	return head + strings.Repeat(s, (40_000-len(head))/len(s))
}

var adversarial = []struct{ name, text string }{
	{"literal", fill40("AADSTS")},
	{"codes", fill40("AADSTS50076 ")},
	{"differentCodes", func() string {
		var b strings.Builder
		for n := 50000; b.Len() < 40_000; n++ {
			b.WriteString("AADSTS")
			b.WriteString(string([]byte{byte('0' + n/10000%10), byte('0' + n/1000%10), byte('0' + n/100%10), byte('0' + n/10%10), byte('0' + n%10), ' '}))
		}
		return b.String()
	}()},
	{"backslashes", fill40(`\`)},
	{"escapedQuotes", fill40(`\\\\\"`)},
	{"percent", fill40("%25")},
	{"percentDeep", fill40("%25252525253A")},
	{"plus", fill40("a+")},
	{"brackets", fill40("[")},
	{"braces", fill40("{")},
	{"bracePairs", fill40("{}")},
	{"objects", fill40(`{"a":`)},
	{"angle", fill40("<http")},
	{"links", fill40("[1](http://")},
	{"entities", fill40("&amp;")},
	{"quotes", fill40("'")},
	{"quotePairs", fill40(" 'a' ")},
	{"nestedQuotes", fill40(`'"`)},
	{"application", fill40("application '")},
	{"inThe", fill40("in the ")},
	{"named", fill40("tenant named ")},
	{"digits", fill40("5")},
	{"numbers", fill40("50126 ")},
	{"errorNumbers", fill40("error x 12345 ")},
	{"errorCodes", fill40(`error_codes":[`)},
	{"errorCodesLong", fill40(`error_codes":[50076,50079,`)},
	{"labels", fill40("Trace ID: ")},
	{"guids", fill40("Trace ID: 0aa2f1b5-2f0a-4a6f-9d1c-5b4f5a0e0100 ")},
	{"unlabelled", fill40(": 0aa2f1b5-2f0a-4a6f-9d1c-5b4f5a0e0100 ")},
	{"times", fill40("Timestamp: 2026-03-04 10:22:11Z ")},
	{"policies", fill40(`capolids values [`)},
	{"oauth", fill40("invalid_grant ")},
	{"grid", fill40("error code,user\n")},
	{"gridRows", "sign-in error code,correlation id\n" + strings.Repeat("50076,0aa2f1b5-2f0a-4a6f-9d1c-5b4f5a0e0100\n", 930)},
	{"portal", fill40("Sign-in error code\n50126\nUser\nann@contoso.com\n")},
	{"lines", fill40("\n")},
	{"typo", fill40("aadst")},
	{"splitLiteral", fill40("aad\ns")},
	{"cjk", fill40("错误代码 12345 ")},
	{"invisible", fill40("\u200b")},
	{"nonUTF8", fill40("\xff")},
	{"equals", fill40("code=")},
	{"token", fill40("eyJhaaaaaaaaaaaaaaa.")},
	{"cookie", fill40("cookie:")},
	{"saml", fill40("<saml:Assertion ")},
	{"dashes", fill40("-")},
	{"password", fill40("password=a")},
	{"base64", fill40("PHNhbW%")},
	{"pem", fill40("-----BEGIN PRIVATE KEY-----")},
}

// BenchmarkHostile shows that no text is much slower than prose of the same length.
func BenchmarkHostile(b *testing.B) {
	run := func(name, text string) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				Find(text)
				FindSecrets(text)
			}
		})
	}
	run("prose", withError)
	for _, a := range adversarial {
		run(a.name, a.text)
	}
}

// Text without errors is read without allocation: nearly every chat message.
func TestFindNothingAllocatesNothing(t *testing.T) {
	Find(prose) // loads the table
	if n := testing.AllocsPerRun(10, func() { Find(prose) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if n := testing.AllocsPerRun(10, func() { FindSecrets(prose) }); n != 0 {
		t.Errorf("FindSecrets: %v allocations", n)
	}
}
