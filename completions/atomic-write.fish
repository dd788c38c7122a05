complete -c atomic-write -l from -d 'Take the content of SOURCE; - is standard input' -r -F
complete -c atomic-write -l checksum -d 'Refuse input with another digest (sha256 or sha512)' -r
complete -c atomic-write -l validate -d 'Refuse unless COMMAND, run by sh, accepts "$1"' -r -f -a "(__fish_complete_command)"
complete -c atomic-write -l if-match -d 'Refuse unless the old content has this digest' -r
complete -c atomic-write -l backup -d 'Keep it (none, numbered, existing, simple)' -r
complete -c atomic-write -s S -l suffix -d 'Suffix of a simple backup (else ~); asks for one' -r
complete -c atomic-write -l lock-timeout -d 'Wait no longer for the turn (0: try once)' -r
complete -c atomic-write -s m -l mode -d 'Octal mode of the finished file' -r
complete -c atomic-write -l sync -d 'What exit 0 has made durable: full, file or none' -r -f -a "full\t'Content, metadata and name'
file\t'Content and metadata; after a power cut the name may still lead to the old file'
none\t'Nothing: atomic for running programs only'"
complete -c atomic-write -s e -l edit -d 'Give COMMAND the content of TARGET on its standard input'
complete -c atomic-write -s a -l append -d 'Keep the old content and put the new behind it'
complete -c atomic-write -l allow-empty -d 'Accept a COMMAND that writes nothing'
complete -c atomic-write -l non-empty -d 'Refuse an empty input'
complete -c atomic-write -s n -l no-clobber -d 'Refuse if TARGET exists'
complete -c atomic-write -s C -l if-changed -d 'Leave TARGET alone if it has this content already'
complete -c atomic-write -s b -d 'Like --backup, but takes no argument'
complete -c atomic-write -l lock -d 'Take turns with other writers that use --lock'
complete -c atomic-write -s f -l force -d 'Replace a file that you may not write'
complete -c atomic-write -s P -l no-dereference -d 'Replace a symbolic link itself'
complete -c atomic-write -s D -l parents -d 'Create missing parent directories'
complete -c atomic-write -l allow-in-place -d 'Where a rename is impossible, overwrite; not atomic'
complete -c atomic-write -l report -d 'Print created, replaced or unchanged'
complete -c atomic-write -s v -l verbose -d 'Say in one line what was done'
complete -c atomic-write -s q -l quiet -d 'No warnings'
complete -c atomic-write -s h -l help -d 'Print help (short with -h)'
complete -c atomic-write -s V -l version -d 'Print version'
