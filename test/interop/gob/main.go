// A client of Go's standard library: it calls the gateway at os.Args[1] and prints what it got as one JSON object. Over TLS when
// os.Args[2] to [4] name the files of an authority, of a certificate and of its key.
package main

import (
	"crypto/tls"
	"crypto/x509"
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

type Formula struct {
	Method string
	Params map[string]interface{}
	Static float64
}

type BalanceFilter struct {
	ID             *string
	Value          *Formula
	ExpirationDate *time.Time
	DestinationIDs *map[string]bool
	Factors        *map[string]float64
}

type Trigger struct {
	UniqueID       string
	ThresholdValue float64
	MinSleep       time.Duration
	Balance        *BalanceFilter
}

type Counter struct {
	CounterType string
	Counters    []*struct {
		Value  float64
		Filter *BalanceFilter
	}
}

type Account struct {
	ID             string
	BalanceMap     map[string][]*Balance
	UnitCounters   map[string][]*Counter
	ActionTriggers []*Trigger
	UpdateTime     time.Time
}

type OldBalance struct {
	Id    string
	Value float64
}

type OldAccount struct {
	Id           string
	BalanceMap   map[string][]*OldBalance
	UnitCounters []*struct {
		BalanceType string
		Balances    []*OldBalance
	}
	ActionTriggers []*struct {
		Id             string
		ThresholdValue float64
		MinSleep       time.Duration
	}
}

type Rating struct {
	ConnectFee float64
	Rates      []*struct{ GroupIntervalStart time.Duration }
}

type ActionPlan struct {
	Id            string
	AccountIDs    map[string]bool
	ActionTimings []*struct {
		Timing *struct {
			Timing *struct {
				Years     []int
				StartTime string
			}
			Rating *Rating
			Weight float64
		}
		ActionsID string
		ExtraData interface{}
		Weight    float64
	}
}

type Action struct {
	Id, ActionType string
	Balance        *BalanceFilter
}

type TPAction struct{ Identifier, BalanceId, BalanceType, Units, ExpiryTime string }

type SetActions struct {
	ActionsId string
	Actions   []*TPAction
}

type PlanTiming struct {
	ActionsId, Time string
	Weight          float64
}

type SetActionPlan struct {
	Id         string
	ActionPlan []*PlanTiming
}

type IDs struct {
	ID        string
	ActionIDs []string
}

type Health struct {
	MissingObjects        []string
	MissingReverseIndexes map[string][]string
}

type HealthQuery struct{ FilterCacheLimit int }

func dial() (*rpc.Client, error) {
	if len(os.Args) < 5 {
		return rpc.Dial("tcp", os.Args[1])
	}
	authority, err := os.ReadFile(os.Args[2])
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	own, err := tls.LoadX509KeyPair(os.Args[3], os.Args[4])
	if err != nil {
		return nil, err
	}
	conn, err := tls.Dial("tcp", os.Args[1], &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{own}})
	if err != nil {
		return nil, err
	}
	return rpc.NewClient(conn), nil
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
	client, err := dial()
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

	ok := new(string)
	call("oldAccount", "APIerSv1.GetAccount", &AttrGetAccount{Account: "1001"}, new(OldAccount))
	call("accounts", "APIerSv2.GetAccounts", &SessionFilter{Tenant: "cgrates.org"}, new([]*Account))
	call("setActions", "APIerSv2.SetActions", &SetActions{"GO_ACT", []*TPAction{{"*topup", "b", "*monetary", "2.5", "2026-12-01T00:00:00Z"}}}, ok)
	call("actions", "APIerSv2.GetActions", &IDs{ActionIDs: []string{"GO_ACT"}}, &map[string][]*Action{})
	call("setPlan", "APIerSv1.SetActionPlan", &SetActionPlan{"GO_PLAN", []*PlanTiming{{"GO_ACT", "*monthly", 10}}}, ok)
	call("plan", "APIerSv1.GetActionPlan", &IDs{ID: "GO_PLAN"}, new([]*ActionPlan))
	call("health", "APIerSv1.GetReverseFilterHealth", &HealthQuery{1}, &map[string]*Health{})

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
