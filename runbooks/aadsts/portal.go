package aadsts

import "strings"

// portalLabels names what stands behind the labels of a sign-in's details in the Entra admin center, by compact label.
var portalLabels = map[string]fieldKind{
	"username": fUser, "userprincipalname": fUser, "signinidentifier": fUser, "user": fUser, "upn": fUser,
	"application": fAppName, "appdisplayname": fAppName, "applicationname": fAppName, "appname": fAppName, "signedinas": fUser, "account": fUser,
	"applicationid": fApp, "appid": fApp, "clientid": fApp,
	"resourceid": fResource, "resourcetenantid": fTenant, "tenantid": fTenant, "directoryid": fTenant,

	"benutzername": fUser, "benutzerprinzipalname": fUser, "anwendung": fAppName, "anwendungsid": fApp, "ressourcenid": fResource, "mandantenid": fTenant, "appbezeichnung": fAppName,
	"nomdelapplication": fAppName, "nomdelapp": fAppName, "iddelapp": fApp, "nombredelaaplicación": fAppName, "nomedoaplicativo": fAppName, "nomeapp": fAppName, "nomeapplicazione": fAppName, "appnaam": fAppName,
	"nazwaaplikacji": fAppName, "identyfikatoraplikacji": fApp, "namnpåapp": fAppName, "appnavn": fAppName, "имяприложения": fAppName, "アプリ名": fAppName, "アプリid": fApp, "应用名称": fAppName, "应用id": fApp, "應用程式名稱": fAppName, "앱이름": fAppName, "앱id": fApp,
	"nomdutilisateur": fUser, "iddelapplication": fApp, "idapplication": fApp, "iddapplication": fApp, "iddulocataire": fTenant,
	"nombredeusuario": fUser, "aplicación": fAppName, "iddeaplicación": fApp, "iddelaaplicación": fApp, "iddeinquilino": fTenant,
	"nomedeusuário": fUser, "nomedeutilizador": fUser, "aplicativo": fAppName, "aplicação": fAppName, "iddoaplicativo": fApp, "iddaaplicação": fApp, "iddolocatário": fTenant,
	"nomeutente": fUser, "applicazione": fAppName, "idapplicazione": fApp, "idtenant": fTenant,
	"gebruikersnaam": fUser, "toepassing": fAppName, "toepassingsid": fApp, "nazwaużytkownika": fUser, "aplikacja": fAppName,
	"användarnamn": fUser, "program": fAppName, "programid": fApp, "brugernavn": fUser, "brukernavn": fUser, "applikasjon": fAppName, "applikation": fAppName,
	"имяпользователя": fUser, "приложение": fAppName, "идентификаторприложения": fApp, "идприложения": fApp,
	"ユーザー名": fUser, "アプリケーション": fAppName, "アプリケーションid": fApp, "用户名": fUser, "应用程序": fAppName, "应用程序id": fApp, "使用者名稱": fUser, "應用程式": fAppName, "應用程式識別碼": fApp, "사용자이름": fUser, "애플리케이션": fAppName, "애플리케이션id": fApp,
}

// portal notes the labelled lines of a sign-in's details. They come as "Label<tab>value", "Label: value", or the value on
// the line below its label, when somebody copies the portal's pane.
func (p *page) portal() {
	s := p.s
	var fields []field
	var pending fieldKind
	waiting := false
	for start := 0; start < len(s); {
		end := start + strings.IndexByte(s[start:], '\n')
		if end < start {
			end = len(s)
		}
		line := s[start:end]
		if i := strings.Index(line, "App name: "); i > 0 { // the details of a block, copied onto one line
			name, rest, ok := strings.Cut(line[i+len("App name: "):], " App id: ")
			if id, _, _ := strings.Cut(rest, " "); ok {
				fields = portalValue(fields, fAppName, start+i, end, name)
				fields = portalValue(fields, fApp, start+i, end, id)
			}
		}
		switch {
		case len(line) == 0 || len(line) > 300:
		case waiting:
			waiting = false
			if _, label := portalLabels[compact(line)]; !label {
				fields = portalValue(fields, pending, start, end, line)
				break
			}
			fallthrough
		default:
			label, v := line, ""
			if i := strings.IndexAny(line, "\t:"); i > 0 && i < 64 {
				label, v = line[:i], strings.TrimLeft(line[i:], "\t: ")
			}
			if kind, ok := portalLabels[compact(label)]; ok && len(label) < 64 && !strings.ContainsAny(label, "\"'=") {
				if v == "" {
					pending, waiting = kind, true
				} else {
					fields = portalValue(fields, kind, start, end, v)
				}
			}
		}
		start = end + 1
	}
	p.fields = mergeFields(p.fields, fields)
}

func portalValue(fields []field, kind fieldKind, start, end int, v string) []field {
	v = tidy(strings.Trim(v, " '\",*"))
	switch kind {
	case fUser:
		if !isUser(v) {
			return fields
		}
	case fApp, fTenant, fResource:
		if !isGUID(v) {
			return fields
		}
	}
	if placeholder(v) || len(v) > 120 {
		return fields
	}
	return append(fields, field{kind: kind, pos: start, end: end, object: -1, text: v, row: true})
}

// mergeFields keeps the order of positions.
func mergeFields(a, b []field) []field {
	if len(b) == 0 {
		return a
	}
	out := make([]field, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if a[0].pos <= b[0].pos {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return append(append(out, a...), b...)
}
