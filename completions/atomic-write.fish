complete -c atomic-write -l from -d 'Read the new content from SOURCE (-: standard input)' -r -F
complete -c atomic-write -l shell -d 'Run SCRIPT in place of COMMAND, by bash with pipefail' -r -f -a "(__fish_complete_command)"
complete -c atomic-write -s I -l placeholder -d 'COMMAND writes the content by name: STR is its path' -r
complete -c atomic-write -l success-status -d 'Other exit statuses of COMMAND that are success' -r
complete -c atomic-write -l checksum -d 'Refuse input whose sha256 or sha512 digest differs' -r
complete -c atomic-write -l validate -d 'Refuse unless sh -c COMMAND exits 0' -r -f -a "(__fish_complete_command)"
complete -c atomic-write -l if-match -d 'Refuse unless the old content has this digest' -r
complete -c atomic-write -l backup -d 'Keep a backup (none, numbered, existing, simple)' -r
complete -c atomic-write -s S -l suffix -d 'Simple backup suffix (default ~); implies -b' -r
complete -c atomic-write -l lock-timeout -d 'Limit the wait for the lock (0: try once)' -r
complete -c atomic-write -s m -l mode -d 'Set the mode, in octal' -r
complete -c atomic-write -l sync -d 'What is durable after exit 0: full, file or none' -r -f -a "full\t'Content, metadata and name'
file\t'Content and metadata; after a power cut the name may still lead to the old file'
none\t'Nothing: atomic for running programs only'"
complete -c atomic-write -s e -l edit -d 'Give COMMAND TARGET\'s content on standard input'
complete -c atomic-write -l tree -d 'Replace a directory as a whole (with --from or -I)'
complete -c atomic-write -l create -d 'With --edit, begin with nothing if TARGET is missing'
complete -c atomic-write -s a -l append -d 'Append the input to the old content'
complete -c atomic-write -l allow-empty -d 'Permit empty output of COMMAND'
complete -c atomic-write -l non-empty -d 'Refuse empty input'
complete -c atomic-write -s n -l no-clobber -d 'Refuse if TARGET exists'
complete -c atomic-write -s C -l if-changed -d 'Leave TARGET untouched if the content is the same'
complete -c atomic-write -s b -d 'Same as --backup, but takes no value'
complete -c atomic-write -l lock -d 'Lock TARGET against writers that use --lock'
complete -c atomic-write -l no-lock -d 'Take no lock, even with --edit and --append'
complete -c atomic-write -s f -l force -d 'Replace TARGET even if you may not write to it'
complete -c atomic-write -s P -l no-dereference -d 'Replace a symbolic link, not the file that it points to'
complete -c atomic-write -s D -l parents -d 'Create missing parent directories'
complete -c atomic-write -l allow-in-place -d 'Overwrite where a rename is impossible (not atomic)'
complete -c atomic-write -l in-place -d 'Overwrite TARGET\'s own inode (not atomic)'
complete -c atomic-write -l dry-run -d 'Do all but the commit'
complete -c atomic-write -l report -d 'Print one word: created, replaced or unchanged'
complete -c atomic-write -s v -l verbose -d 'Print one line about what was done'
complete -c atomic-write -s q -l quiet -d 'Print no warnings'
complete -c atomic-write -s h -l help -d 'Print help (-h: a summary)'
complete -c atomic-write -s V -l version -d 'Print the version'
