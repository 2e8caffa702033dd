package aadsts

import (
	"slices"
	"strings"
)

// The words that Entra, its portal and its error page put beside values, in the languages that the page is shown in.
// All are lower case and compared with a lower-cased label.

// traceWords end the label of a trace id ("Trace ID" of the message) or of a request id ("Request Id" of the error page);
// both name the same thing.
var traceWords = newWordSet(
	"ablaufverfolgung", "nachverfolgung", "id de suivi", "id de trace", "id. de seguimiento", "id de seguimiento", "de seguimiento", "de rastreamento",
	"de rastreio", "di traccia", "id traccia", "tracerings", "traceer", "trasering", "śledzenia", "trasování", "sledování", "spårning", "sporings", "seuranta",
	"jäljity", "трассировки", "отслеживания", "трасування", "izleme kimli", "トレース", "追跡", "跟踪", "跟蹤", "追蹤", "追踪", "추적", "nyomkövetés", "urmărire", "theo dõi", "traza", "de rastro", "traçage",
)

var requestWords = newWordSet(
	"anforderungs", "anfrage", "id de la demande", "id de demande", "de la requête", "de requête", "de solicitud", "de la solicitud", "da solicitação",
	"de solicitação", "do pedido", "de pedido", "di richiesta", "id richiesta", "della richiesta", "aanvraag", "verzoek", "żądania", "požadavku", "begäran", "begärande",
	"anmodning", "forespørsel", "pyynnön", "pyyntö", "запроса", "запиту", "istek kimli", "要求", "リクエスト", "请求", "請求", "요청", "kérelem", "solicitare", "žiadosti", "yêu cầu",
)

var correlationWords = newWordSet(
	"korrelation", "korrelasjon", "korrelaatio", "vastaavuus", "corrélation", "correlation", "correlación", "correlação", "correlazione", "correlatie", "korelacji", "korelace", "korelační",
	"корреляц", "кореляц", "bağıntı", "korelasyon", "相関", "関連付け", "相互関係", "关联", "相关", "關聯", "相關", "相互關聯", "상관", "korrelác", "corelare", "korelácie", "tương quan", "correlació",
)

// otherIDs are in the labels of GUIDs that are no ids of a request.
var otherIDs = newWordSet(
	"app", "client", "device", "tenant", "user", "object", "resource", "session", "policy", "subscription", "directory", "principal", "account", "document", "version", "activity", "parent", "issue", "job", "group",
	"role", "subject", "key", "secret", "cert", "thumbprint", "scope", "audience", "provider", "anwend", "gerät", "mandant", "benutzer", "ressour", "aplic", "dispositivo", "inquilino", "usuario", "appareil", "locataire",
	"utilisateur", "toepass", "apparaat", "aplik", "enhet", "enhed", "program", "прилож", "устройств", "アプリ", "デバイス", "应用", "設備", "设备", "應用", "앱", "애플리케이션", "장치",
)

var timeWords = newWordSet(
	"timestamp", "time stamp", "zeitstempel", "horodat", "marca de tiempo", "marca temporal", "marca de hora", "fecha y hora", "carimbo de data", "carimbo de tempo", "data/hora", "tijdstempel",
	"tidsstämpel", "tidsstempel", "tidspunkt", "znacznik czasu", "sygnatura czasow", "časové razítko", "aikaleima", "метка времени", "отметка времени", "штамп времени", "мітка часу", "позначка часу",
	"zaman damgası", "タイムスタンプ", "时间戳", "時間戳", "타임스탬프", "időbélyeg", "marcaj de timp", "časová pečiatka", "dấu thời gian", "data e ora",
)

// errorCodeWords name an error code. What stands behind them is a code only with the rest of the rules of bare.go.
var errorCodeWords = newWordSet(
	"error codes", "error code", "errorcodes", "errorcode", "error_code", "error-code", "error numbers", "error number", "error no", "result type", "resulttype", "result_type", "result code", "resultcode", "errornumber", "fehlercodes", "fehlercode", "fehlernummer",
	"codes d'erreur", "code d'erreur", "code erreur", "códigos de error", "código de error", "codigo de error", "códigos de erro", "código de erro", "codigo de erro", "codici di errore", "codice di errore", "codice errore",
	"foutcodes", "foutcode", "fout code", "kody błędów", "kod błędu", "kódy chyb", "kód chyby", "felkoder", "felkod", "fejlkoder", "fejlkode", "feilkoder", "feilkode", "virhekoodit", "virhekoodi", "коды ошибок", "код ошибки", "код помилки",
	"hata kodu", "hata kodları", "エラー コード", "エラーコード", "错误代码", "错误码", "錯誤碼", "錯誤代碼", "오류 코드", "오류코드", "hibakód", "cod de eroare", "mã lỗi",
)

// plainErrorWords name an error without the word code; behind them only a listed number counts.
var plainErrorWords = newWordSet(
	"error", "errors", "err", "fehler", "erreur", "erreurs", "errore", "errori", "erro", "erros", "errores", "fout", "fouten", "fejl", "feil", "virhe", "błąd", "błędu", "błędy", "chyba", "chyby", "chybu",
	"ошибка", "ошибки", "ошибку", "ошибкой", "помилка", "hata", "hatası", "エラー", "错误", "錯誤", "오류", "eroare", "hiba",
)

// loginWords make a context one of sign-ins.
var loginWords = newWordSet(
	"sign-in", "signin", "sign in", "sign-on", "signon", "log-in", "login", "logon", "log on", "entra", "azure ad", "azuread", "aad", "anmelde", "anmeldung", "connexion",
	"inicio de sesi", "inicios de sesi", "início de sess", "entrada", "de acesso", "di accesso", "accesso", "aanmeld", "logowani", "přihl", "inlogg", "pålogg", "logpå", "kirjaut", "вход", "вхід", "oturum",
	"サインイン", "ログイン", "登录", "登入", "登錄", "로그인", "bejelentkez", "conectare", "đăng nhập",
)

// foreignWords name products whose own error codes have as many digits as Entra's. Beside them a bare number with nothing but
// "error" before it is no sign-in error.
var foreignWords = []string{
	"discord", "missing permissions", "missing access", "twilio", "sqlstate", "severity", "sql server", "mysql", "mariadb", "postgres", "oracle", "ora-", "winerror", "winsock", "mongo", "zoom", "steam", "roblox", "paypal", "stripe",
	"vmware", "quickbooks", "hresult", "salesforce", "shopify", "wechat", "whatsapp", "telegram", "xbox", "playstation", "adobe", "autodesk", "sage", "netsuite", "binance", "msg 50", "raiserror", "throw 5",
}

// oauthErrors are the values of "error" in an OAuth 2.0 or OpenID Connect response that Entra gives:
// https://learn.microsoft.com/entra/identity-platform/reference-error-codes#handling-error-codes-in-your-application
var oauthErrors = map[string]bool{
	"invalid_request": true, "invalid_client": true, "invalid_grant": true, "unauthorized_client": true, "unsupported_grant_type": true,
	"invalid_scope": true, "access_denied": true, "unsupported_response_type": true, "server_error": true, "temporarily_unavailable": true,
	"interaction_required": true, "login_required": true, "consent_required": true, "account_selection_required": true,
	"invalid_resource": true, "invalid_tenant": true, "invalid_instance": true, "authorization_pending": true, "authorization_declined": true,
	"slow_down": true, "expired_token": true, "bad_verification_code": true, "code_expired": true, "user_authentication_required": true, "invalid_target": true,
	"invalid_token": true, "insufficient_claims": true, "invalid_redirect_uri": true, "unsupported_token_type": true, "invalid_assertion": true,
	"invalid_request_object": true, "request_not_supported": true, "registration_not_supported": true, "native_auth_api_disabled": true, "user_not_found": true,
}

// wordSet finds any of its words in one pass.
type wordSet [256][]string // by first byte

func newWordSet(words ...string) *wordSet {
	var set wordSet
	for _, w := range words {
		set[w[0]] = append(set[w[0]], w)
	}
	return &set
}

// lastWord returns the end of the last of words in label, -1 if there is none.
func lastWord(label string, words *wordSet) int {
	last := -1
	for i := 0; i < len(label); i++ {
		for _, w := range words[label[i]] {
			if i+len(w) > last && strings.HasPrefix(label[i:], w) {
				last = i + len(w)
			}
		}
	}
	return last
}

// is reports whether w is one of the words.
func (set *wordSet) is(w string) bool { return w != "" && slices.Contains(set[w[0]], w) }

func holds(s string, words *wordSet) bool {
	for i := 0; i < len(s); i++ {
		for _, w := range words[s[i]] {
			if strings.HasPrefix(s[i:], w) {
				return true
			}
		}
	}
	return false
}

// holdsWord is holds for whole words: "sage", not "message".
func holdsWord(s string, words []string) bool {
	for _, w := range words {
		for from := 0; ; {
			i := strings.Index(s[from:], w)
			if i < 0 {
				break
			}
			i += from
			from = i + len(w)
			if (i == 0 || !isLetter(s[i-1])) && (from == len(s) || !isLetter(s[from]) || !isLetter(w[len(w)-1]) || strings.HasPrefix(s[from:], "api")) {
				return true
			}
		}
	}
	return false
}

// labelBefore returns the words that stand directly before pos, at most 64 bytes, and the separators between.
// A label ends at quotes, brackets, colons, commas and the like; a line break inside it counts as a blank.
func labelBefore(s string, pos int) (label, sep string) {
	k := pos
	for k > 0 && pos-k < 16 && strings.IndexByte(" \t\n:=\"'([{<*_>|-#", s[k-1]) >= 0 {
		k--
	}
	end := k
	if k > 0 && s[k-1] == ')' { // correlation ID (request): …
		if i := strings.LastIndexByte(s[max(0, k-16):k], '('); i >= 0 {
			for end = max(0, k-16) + i; end > 0 && s[end-1] == ' '; end-- {
			}
		}
	}
	start := end
	for start > 0 && end-start < 64 {
		c := s[start-1]
		if strings.IndexByte("\"{}[]|,;&:=(\t", c) >= 0 || c == '\n' && start > 1 && s[start-2] == '\n' {
			break
		}
		if c == ' ' && start > 1 && s[start-2] == '.' && start < end && s[start] >= 'A' && s[start] <= 'Z' {
			break // a new sentence, but not "Id. de correlación"
		}
		start--
	}
	return s[start:end], s[k:pos]
}

// compact returns the letters and digits of label in lower case, without blanks and punctuation; bytes outside ASCII stay.
func compact(label string) string {
	b := make([]byte, 0, 64)
	for i := 0; i < len(label) && len(b) < 64; i++ {
		switch c := label[i]; {
		case c >= 'A' && c <= 'Z':
			b = append(b, c|0x20)
		case isAlnum(c) || c >= 0x80:
			b = append(b, c)
		}
	}
	return string(b)
}

// idKind tells what the GUID behind label is.
func idKind(label, sep string) (kind fieldKind, ok bool) {
	c := compact(label)
	for _, verb := range []string{"is", "was", "of", "number", "value"} {
		if t := strings.TrimSuffix(c, verb); strings.HasSuffix(t, "id") || strings.HasSuffix(t, "correlation") {
			c = t
		}
	}
	switch {
	case strings.HasSuffix(c, "correlationid") || strings.HasSuffix(c, "correlationidkey") || c == "correlation":
		// The client's own, not yet the error's: "Generate or reuse correlation_id".
		return fCorrelation, !strings.Contains(c, "reuse")
	case strings.HasSuffix(c, "traceid"):
		return fTrace, true
	case strings.HasSuffix(c, "requestid"):
		return fRequest, requestID(label)
	}
	low := strings.ToLower(label)
	kind = fUnknownID
	best := -1
	for _, l := range []struct {
		kind  fieldKind
		words *wordSet
	}{{fTrace, traceWords}, {fRequest, requestWords}, {fCorrelation, correlationWords}} {
		if end := lastWord(low, l.words); end > best {
			best, kind = end, l.kind
		}
	}
	if best >= 0 {
		return kind, len(low)-best <= 24
	}
	return fUnknownID, strings.Contains(sep, ":") && !holds(low, otherIDs)
}

// requestID tells the error page's "Request Id" from the request ids of other services: request-id, ParentRequestId.
func requestID(label string) bool {
	i := strings.LastIndex(lowerASCII(label), "request")
	if i < 0 || i > 0 && (isAlnum(label[i-1]) || label[i-1] == '-' || label[i-1] == '_') {
		return false
	}
	between := strings.TrimRight(strings.ToLower(label[i+len("request"):]), " ")
	return between == " id" || between == "_id" || between == "\nid" || between == " id is" || between == " id was"
}
