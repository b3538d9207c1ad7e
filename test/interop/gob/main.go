// A client of Go's standard library: it calls the gateway at os.Args[1] and prints what it got as one JSON object.
package main

import (
	"encoding/gob"
	"encoding/json"
	"fmt"
	"net/rpc"
	"os"
	"sync"
	"time"
)

type CGREvent struct {
	Tenant  string
	ID      string
	Time    *time.Time
	Event   map[string]interface{}
	APIOpts map[string]interface{}
}

type AttrGetAccount struct{ Tenant, Account string }

type Balance struct {
	ID             string
	Value          float64
	ExpirationDate time.Time
	DestinationIDs map[string]bool
}

type Account struct {
	ID         string
	BalanceMap map[string][]*Balance
	UpdateTime time.Time
}

type AuthorizeArgs struct {
	GetMaxUsage bool
	*CGREvent
}

type AuthorizeReply struct{ MaxUsage *time.Duration }

type SessionFilter struct {
	Tenant  string
	Limit   *int
	APIOpts map[string]interface{}
}

type WrongEvent struct{ Tenant int }

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func main() {
	gob.Register(time.Time{})
	gob.Register(time.Duration(0))
	gob.Register(map[string]interface{}{})
	gob.Register([]interface{}{})
	client, err := rpc.Dial("tcp", os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	got := map[string]interface{}{}
	call := func(name, method string, argument, reply interface{}) {
		err := client.Call(method, argument, reply)
		got[name] = map[string]interface{}{"reply": reply, "error": text(err)}
	}
	now := time.Date(2026, 11, 25, 12, 0, 0, 5, time.FixedZone("x", 3600))
	event := &CGREvent{
		Tenant: "cgrates.org", ID: "e1", Time: &now,
		Event: map[string]interface{}{
			"ToR": "*data", "OriginID": "go1", "OriginHost": "go", "RequestType": "*prepaid", "Category": "data",
			"Account": "1001", "Subject": "1001", "Destination": "rg1", "SetupTime": now, "AnswerTime": now, "Usage": time.Duration(1 << 20),
			"List": []interface{}{"a", 1, 2.5, nil}, "Map": map[string]interface{}{"b": true},
		},
		APIOpts: map[string]interface{}{"*originID": "go1"},
	}
	call("ping", "CoreSv1.Ping", &CGREvent{Tenant: "x"}, new(string))
	call("pingEvent", "SessionSv1.Ping", event, new(string))
	call("account", "APIerSv2.GetAccount", &AttrGetAccount{Account: "1001"}, new(Account))
	call("authorize", "SessionSv1.AuthorizeEvent", &AuthorizeArgs{GetMaxUsage: true, CGREvent: event}, new(AuthorizeReply))
	call("count", "SessionSv1.GetActiveSessionsCount", &SessionFilter{}, new(int))
	call("notFound", "APIerSv2.GetAccount", &AttrGetAccount{Account: "nobody"}, new(Account))
	call("noMethod", "CoreSv1.Nope", event, new(string))
	call("noService", "NopeSv1.Ping", event, new(string))
	call("wrongField", "CoreSv1.Ping", &WrongEvent{Tenant: 5}, new(string))
	call("noStruct", "CoreSv1.Ping", "text", new(string))

	var wait sync.WaitGroup
	var lock sync.Mutex
	right := 0
	for i := 0; i < 2000; i++ {
		wait.Add(1)
		go func(i int) {
			defer wait.Done()
			var pong string
			var account Account
			var err error
			if i%2 == 0 {
				err = client.Call("CoreSv1.Ping", &CGREvent{Tenant: "x"}, &pong)
			} else {
				err = client.Call("APIerSv2.GetAccount", &AttrGetAccount{Account: "1001"}, &account)
			}
			lock.Lock()
			defer lock.Unlock()
			if err == nil && (pong == "Pong" || account.ID == "cgrates.org:1001") {
				right++
			}
		}(i)
	}
	wait.Wait()
	got["inFlight"] = right
	got["close"] = text(client.Close())
	json.NewEncoder(os.Stdout).Encode(got)
}
