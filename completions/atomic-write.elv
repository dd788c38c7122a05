
use builtin;
use str;

set edit:completion:arg-completer[atomic-write] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'atomic-write'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'atomic-write'= {
            cand --from 'Take the content of SOURCE; - is standard input'
            cand --checksum 'Refuse input with another digest (sha256 or sha512)'
            cand --validate 'Refuse unless COMMAND, run by sh, accepts "$1"'
            cand --if-match 'Refuse unless the old content has this digest'
            cand --backup 'Keep it (none, numbered, existing, simple)'
            cand -S 'Suffix of a simple backup (else ~); asks for one'
            cand --suffix 'Suffix of a simple backup (else ~); asks for one'
            cand --lock-timeout 'Wait no longer for the turn (0: try once)'
            cand -m 'Octal mode of the finished file'
            cand --mode 'Octal mode of the finished file'
            cand --sync 'What exit 0 has made durable: full, file or none'
            cand -e 'Give COMMAND the content of TARGET on its standard input'
            cand --edit 'Give COMMAND the content of TARGET on its standard input'
            cand -a 'Keep the old content and put the new behind it'
            cand --append 'Keep the old content and put the new behind it'
            cand --allow-empty 'Accept a COMMAND that writes nothing'
            cand --non-empty 'Refuse an empty input'
            cand -n 'Refuse if TARGET exists'
            cand --no-clobber 'Refuse if TARGET exists'
            cand -C 'Leave TARGET alone if it has this content already'
            cand --if-changed 'Leave TARGET alone if it has this content already'
            cand -b 'Like --backup, but takes no argument'
            cand --lock 'Take turns with other writers that use --lock'
            cand -f 'Replace a file that you may not write'
            cand --force 'Replace a file that you may not write'
            cand -P 'Replace a symbolic link itself'
            cand --no-dereference 'Replace a symbolic link itself'
            cand -D 'Create missing parent directories'
            cand --parents 'Create missing parent directories'
            cand --allow-in-place 'Where a rename is impossible, overwrite; not atomic'
            cand --report 'Print created, replaced or unchanged'
            cand -v 'Say in one line what was done'
            cand --verbose 'Say in one line what was done'
            cand -q 'No warnings'
            cand --quiet 'No warnings'
            cand -h 'Print help (short with -h)'
            cand --help 'Print help (short with -h)'
            cand -V 'Print version'
            cand --version 'Print version'
        }
    ]
    $completions[$command]
}
