module gobclient

go 1.19
