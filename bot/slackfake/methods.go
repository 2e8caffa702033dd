package slackfake

// methods are the Web API methods that the fake knows, with their rate tier and scopes. Each has its page under
// https://docs.slack.dev/reference/methods. Copies of the documents disagree on the tier of apps.connections.open (1 or 3);
// here it is 3, as in the newer ones.
var methods = map[string]*method{
	"auth.test":             {call: (*Server).authTest, tier: tierNone},
	"apps.connections.open": {call: (*Server).appsConnectionsOpen, tier: tier3, scopes: []string{"connections:write"}, app: true},
	"bots.info":             {call: (*Server).botsInfo, tier: tier3, scopes: []string{"users:read"}},
	"team.info":             {call: (*Server).teamInfo, tier: tier3, scopes: []string{"team:read"}},

	"chat.postMessage":            {call: (*Server).chatPostMessage, scopes: []string{"chat:write"}},
	"chat.update":                 {call: (*Server).chatUpdate, tier: tier3, scopes: []string{"chat:write"}},
	"chat.delete":                 {call: (*Server).chatDelete, tier: tier3, scopes: []string{"chat:write"}},
	"chat.postEphemeral":          {call: (*Server).chatPostEphemeral, tier: tier4, scopes: []string{"chat:write"}},
	"chat.getPermalink":           {call: (*Server).chatGetPermalink, tier: tierNone},
	"chat.scheduleMessage":        {call: (*Server).chatScheduleMessage, tier: tier3, scopes: []string{"chat:write"}},
	"chat.scheduledMessages.list": {call: (*Server).chatScheduledMessagesList, tier: tier3},
	"chat.deleteScheduledMessage": {call: (*Server).chatDeleteScheduledMessage, tier: tier3, scopes: []string{"chat:write"}},

	"conversations.info":    {call: (*Server).conversationsInfo, tier: tier3},
	"conversations.replies": {call: (*Server).conversationsReplies, tier: tier3},
	"conversations.history": {call: (*Server).conversationsHistory, tier: tier3},
	"conversations.members": {call: (*Server).conversationsMembers, tier: tier4},
	"conversations.open":    {call: (*Server).conversationsOpen, tier: tier3, scopes: []string{"im:write", "mpim:write"}},
	"conversations.list":    {call: (*Server).conversationsList, tier: tier2, scopes: []string{"channels:read", "groups:read", "im:read", "mpim:read"}},
	"users.conversations":   {call: (*Server).usersConversations, tier: tier3, scopes: []string{"channels:read", "groups:read", "im:read", "mpim:read"}},

	"users.info":            {call: (*Server).usersInfo, tier: tier4, scopes: []string{"users:read"}},
	"users.lookupByEmail":   {call: (*Server).usersLookupByEmail, tier: tier3, scopes: []string{"users:read.email"}},
	"users.list":            {call: (*Server).usersList, tier: tier2, scopes: []string{"users:read"}},
	"usergroups.list":       {call: (*Server).usergroupsList, tier: tier2, scopes: []string{"usergroups:read"}},
	"usergroups.users.list": {call: (*Server).usergroupsUsersList, tier: tier2, scopes: []string{"usergroups:read"}},

	"reactions.add":    {call: (*Server).reactionsAdd, tier: tier3, scopes: []string{"reactions:write"}},
	"reactions.remove": {call: (*Server).reactionsRemove, tier: tier2, scopes: []string{"reactions:write"}},
	"reactions.get":    {call: (*Server).reactionsGet, tier: tier3, scopes: []string{"reactions:read"}},

	"views.open":    {call: (*Server).viewsOpen, tier: tier4},
	"views.update":  {call: (*Server).viewsUpdate, tier: tier4},
	"views.push":    {call: (*Server).viewsPush, tier: tier4},
	"views.publish": {call: (*Server).viewsPublish, tier: tier4},

	"files.info":                   {call: (*Server).filesInfo, tier: tier4, scopes: []string{"files:read"}},
	"files.getUploadURLExternal":   {call: (*Server).filesGetUploadURLExternal, tier: tier4, scopes: []string{"files:write"}},
	"files.completeUploadExternal": {call: (*Server).filesCompleteUploadExternal, tier: tier4, scopes: []string{"files:write"}},
	"assistant.threads.setStatus":  {call: (*Server).assistantThreadsSetStatus, tier: tierStatus, scopes: []string{"chat:write", "assistant:write"}},
}
