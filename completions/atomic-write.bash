# Completions for bash, 3.2 or newer. Generated from the definition of the command line and from atomic-write.bash.in.

_atomic_write() {
    # Of a word that = and : divide, as --sync=full, this is the last part.
    local cur=$2 word i wants= option= glued= target= ended= tree= many= compopt=:
    [[ $cur == [=:]* ]] && cur=
    ((BASH_VERSINFO[0] < 4)) || compopt=compopt
    COMPREPLY=()
    for ((i = 1; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $word == [=:]* ]]; then
            [[ $word != =* || ${COMP_WORDS[i - 1]} != --* || $ended ]] || option=${COMP_WORDS[i - 1]}
            wants= glued=1
            continue
        elif [[ $glued && i -lt COMP_CWORD ]]; then
            glued=
            continue
        fi
        ((i < COMP_CWORD)) || break
        option=
        if [[ $wants ]]; then
            option=$wants wants=
        elif [[ $word == -- && $target && ! $many ]]; then
            _atomic_write_command $((i + 1))
            return
        elif [[ $ended ]]; then
            target=1
        else
            case $word in
                --) ended=1 ;;
                --target-directory) many=1 wants=$word ;;
                --from | --target-directory | --files0-from | --shell | --placeholder | --success-status | --checksum | --validate | --if-match | --suffix | --lock-timeout | --mode | --owner | --group | --sync) wants=$word ;;
                --tree) tree=1 ;;
                --*) ;;
                -?*)
                    # In a group of short options, the first that has a value ends it.
                    word=${word#"${word%%[tISm]*}"}
                    [[ $word != t* ]] || many=1
                    [[ ${#word} -ne 1 ]] || wants=-$word
                    ;;
                *) target=1 ;;
            esac
        fi
    done
    [[ $glued ]] || option=$wants
    case $option in
        '') ;;
        --from)
            [[ ! $tree ]] || $compopt +o default +o bashdefault -o dirnames
            return
            ;;
        -t | --target-directory)
            $compopt +o default +o bashdefault -o dirnames
            return
            ;;
        --files0-from)
            [[ ! $tree ]] || $compopt +o default +o bashdefault -o dirnames
            return
            ;;
        --shell)
            COMPREPLY=($(compgen -c -- "$cur" | sort -u))
            return
            ;;
        -I | --placeholder)
            COMPREPLY=($(compgen -W '{}' -- "$cur"))
            return
            ;;
        --checksum)
            $compopt -o nospace
            COMPREPLY=($(compgen -W 'sha256: sha512:' -- "$cur"))
            return
            ;;
        --validate)
            COMPREPLY=($(compgen -c -- "$cur" | sort -u))
            return
            ;;
        --if-match)
            $compopt -o nospace
            COMPREPLY=($(compgen -W 'sha256: sha512:' -- "$cur"))
            return
            ;;
        --backup)
            COMPREPLY=($(compgen -W 'none numbered existing simple' -- "$cur"))
            return
            ;;
        --sync)
            COMPREPLY=($(compgen -W 'full file none' -- "$cur"))
            return
            ;;
        *)
            # Nothing that could be listed.
            $compopt +o default +o bashdefault
            return
            ;;
    esac
    if [[ $glued ]]; then
        return
    elif [[ $cur == -* && ! $ended ]]; then
        COMPREPLY=($(compgen -W '--from -t --target-directory --files0-from -e --edit --create -a --append --shell -I --placeholder --tree --allow-empty --success-status --non-empty --checksum --validate -n --no-clobber --if-match -C --if-changed --backup -b -S --suffix --lock --no-lock --lock-timeout -m --mode --owner --group --preserve-timestamps -f --force -P --no-dereference -D --parents --allow-in-place --in-place --sync --dry-run --progress --report -v --verbose -q --quiet -h --help -V --version --backup=' -- "$cur"))
    elif [[ $many ]]; then
        : # A SOURCE, also after others.
    elif [[ $target ]]; then
        $compopt +o default +o bashdefault
    elif [[ $tree ]]; then
        $compopt +o default +o bashdefault -o dirnames
    fi
    # For files, readline's own completion follows, which quotes names as they have been begun.
}

# COMMAND begins at this word.
_atomic_write_command() {
    if declare -F _comp_command_offset >/dev/null; then
        _comp_command_offset "$1"
    elif declare -F _command_offset >/dev/null; then
        _command_offset "$1"
    elif ((COMP_CWORD == $1)); then
        COMPREPLY=($(compgen -c -- "$cur" | sort -u))
    fi
}

if ((BASH_VERSINFO[0] > 4 || BASH_VERSINFO[0] == 4 && BASH_VERSINFO[1] >= 4)); then
    complete -F _atomic_write -o nosort -o bashdefault -o default atomic-write
else
    complete -F _atomic_write -o bashdefault -o default atomic-write
fi
