complete --keep-order --exclusive --command transship --arguments "(TRANSSHIP_COMPLETE=fish transship -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
