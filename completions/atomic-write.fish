# Completions for fish. Generated from the definition of the command line and from atomic-write.fish.in.

function __atomic_write_has_many
    string match -qr -- '^(--target-directory(=|$)|-[^-tISm]*t)' (commandline -opc)
end

# Prints the words of COMMAND before the cursor. Succeeds in COMMAND or, with an argument, where TARGET is still missing.
function __atomic_write_command
    if __atomic_write_has_many
        # No COMMAND, and each operand is a file.
        set -q argv[1]
        return
    end
    set -l tokens (commandline -opc)
    set -e tokens[1]
    set -l wants
    set -l target
    set -l ended
    while set -q tokens[1]
        set -l word $tokens[1]
        set -e tokens[1]
        if set -q wants[1]
            set -e wants[1]
        else if test "$word" = --; and set -q target[1]
            set -q argv[1]; and return 1
            string escape -- $tokens
            return 0
        else if set -q ended[1]
            set target 1
        else
            switch "$word"
                case --
                    set ended 1
                case --from --target-directory --files0-from --shell --placeholder --success-status --checksum --validate --if-match --suffix --lock-timeout --mode --owner --group --sync
                    set wants 1
                case '--*'
                case '-?*'
                    # In a group of short options, the first that has a value ends it.
                    string match -qr '^-[^tISm]*[tISm]$' -- $word; and set wants 1
                case '*'
                    set target 1
            end
        end
    end
    set -q argv[1]; and not set -q target[1]
end

# COMMAND is completed as on a line of its own.
function __atomic_write_complete_command
    set -l current (commandline -ct)
    complete -C (string join ' ' -- (__atomic_write_command) "$current")
end

function __atomic_write_has_tree
    contains -- --tree (commandline -opc)
end

complete -c atomic-write -f
complete -c atomic-write -n '__atomic_write_command target; and not __atomic_write_has_tree' -F
complete -c atomic-write -n '__atomic_write_command target; and __atomic_write_has_tree' -a '(__fish_complete_directories)'
complete -c atomic-write -n '__atomic_write_command >/dev/null' -a '(__atomic_write_complete_command)'
complete -c atomic-write -l from -r -F -d 'Read the content from SOURCE (-: standard input)'
complete -c atomic-write -s t -l target-directory -x -a '(__fish_complete_directories)' -d 'Replace files in DIR by the SOURCEs'
complete -c atomic-write -l files0-from -r -F -d 'With -t, take the names of the SOURCEs from FILE'
complete -c atomic-write -s e -l edit -d 'Filter TARGET in place through COMMAND'
complete -c atomic-write -l create -d 'With --edit, a missing TARGET is read as empty'
complete -c atomic-write -s a -l append -d 'Append to TARGET'
complete -c atomic-write -l shell -x -a '(__fish_complete_command)' -d 'Run SCRIPT as COMMAND, by bash with pipefail'
complete -c atomic-write -s I -l placeholder -x -a '{}' -d 'Let COMMAND write the content to the path STR'
complete -c atomic-write -l tree -d 'Replace a directory as a whole (--from, -I)'
complete -c atomic-write -l allow-empty -d 'Permit empty output of COMMAND'
complete -c atomic-write -l success-status -x -d 'Further exit statuses of COMMAND that are success'
complete -c atomic-write -l non-empty -d 'Refuse empty input'
complete -c atomic-write -l checksum -x -a 'sha256: sha512:' -d 'Refuse input with another sha256 or sha512 digest'
complete -c atomic-write -l validate -x -a '(__fish_complete_command)' -d 'Refuse unless sh -c COMMAND exits 0'
complete -c atomic-write -s n -l no-clobber -d 'Refuse if TARGET exists'
complete -c atomic-write -l if-match -x -a 'sha256: sha512:' -d 'Refuse unless the old content has this digest'
complete -c atomic-write -s C -l if-changed -d 'Leave TARGET untouched if the content is the same'
complete -c atomic-write -l backup -f -a "none\t'' numbered\t'' existing\t'' simple\t''" -d 'Back up the old file (numbered, simple ...)'
complete -c atomic-write -s b -d 'Back up the old file, as --backup alone'
complete -c atomic-write -s S -l suffix -x -d 'Backup suffix (default ~); implies --backup'
complete -c atomic-write -l lock -d 'Take turns with others that lock TARGET'
complete -c atomic-write -l no-lock -d 'Take no lock, even with --edit or --append'
complete -c atomic-write -l lock-timeout -x -d 'Give up waiting after SECONDS; implies --lock'
complete -c atomic-write -s m -l mode -x -d 'Set the mode, as chmod does'
complete -c atomic-write -l owner -x -d 'Set the owner: a user\'s name or id'
complete -c atomic-write -l group -x -d 'Set the group: its name or id'
complete -c atomic-write -l preserve-timestamps -d 'Keep SOURCE\'s times of modification and access'
complete -c atomic-write -s f -l force -d 'Replace TARGET even if you may not write to it'
complete -c atomic-write -s P -l no-dereference -d 'Replace a symbolic link, not what it points to'
complete -c atomic-write -s D -l parents -d 'Create missing parent directories'
complete -c atomic-write -l allow-in-place -d 'Overwrite where a rename is impossible (not atomic)'
complete -c atomic-write -l in-place -d 'Overwrite TARGET, keeping its inode (not atomic)'
complete -c atomic-write -l sync -x -a "full\t'Content, metadata and name' file\t'Content and metadata; after a power cut the name may still lead to the old file' none\t'Nothing: atomic for running programs only'" -d 'What to sync before exiting (default full)'
complete -c atomic-write -l dry-run -d 'Do all but the commit'
complete -c atomic-write -l progress -d 'Show progress on a terminal'
complete -c atomic-write -l report -d 'Print one word: created, replaced or unchanged'
complete -c atomic-write -s v -l verbose -d 'Print one line about what was done'
complete -c atomic-write -s q -l quiet -d 'Print no warnings'
complete -c atomic-write -s h -l help -d 'Print help (-h: a summary)'
complete -c atomic-write -s V -l version -d 'Print the version'
