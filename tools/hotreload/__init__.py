"""Host tools of hotreload: build, pack and send modules."""
