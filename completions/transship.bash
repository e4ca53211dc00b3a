_transship() {
    local IFS=$'\013' words=("${COMP_WORDS[@]}")
    # At a `=` or `:` by itself the second parameter is empty.
    case ${words[COMP_CWORD]} in
        [=:]) ;;
        *) words[COMP_CWORD]=$2 ;;
    esac
    COMPREPLY=($(TRANSSHIP_COMPLETE=bash _TRANSSHIP_INDEX=$COMP_CWORD "transship" -- "${words[@]}" 2>/dev/null))
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[/=:] ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -o bashdefault -o nosort -F _transship transship 2>/dev/null ||
    complete -o bashdefault -F _transship transship
