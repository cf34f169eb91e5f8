# Bash completion for pumplinectl: commands, options and their values, and the workshops and orders of the running daemon.
# The completions of zsh and fish run this file with the words of their command line, and read what it offers.
#
# What there is comes from `pumplinectl --commands`, a line a command: name, arguments, options, with a tab between the
# three. The functions share the variables of _pumplinectl, which is the one that bash calls.

# Adds those of the words, one a line, that begin with what was typed.
_pumplinectl_offer() {
    local word
    while IFS= read -r word; do
        [[ -n $word && $word == "$cur"* ]] && COMPREPLY+=("$word")
    done <<<"$1"
}

_pumplinectl_offer_files() {
    local file
    compopt -o filenames 2>/dev/null
    while IFS= read -r file; do
        COMPREPLY+=("$file")
    done < <(compgen -f -- "$cur")
}

# A slug needs no quotes. A daemon that is away has none to offer.
_pumplinectl_offer_workshops() {
    local slugs
    slugs=$("$program" ${socket:+--socket "$socket"} status --json 2>/dev/null |
        sed -n 's/^ *"slug": "\([a-z0-9-]*\)".*/\1/p')
    _pumplinectl_offer "$slugs"
    [[ -n $slugs && $1 == *"|all" ]] && _pumplinectl_offer all
}

# What the usage calls a value says what can stand there: WORKSHOP, [WORKSHOP], WORKSHOP…|all, COMMAND, FILE, FILE|-,
# order|manage.
_pumplinectl_offer_value() {
    case $1 in
    *WORKSHOP*) _pumplinectl_offer_workshops "$1" ;;
    *UNIQUEID*) _pumplinectl_offer_uniqueids ;;
    *COMMAND*) _pumplinectl_offer_commands "" ;;
    *FILE* | PATH | DIR) _pumplinectl_offer_files ;;
    *[a-z]*) _pumplinectl_offer "${1//|/$'\n'}" ;;
    esac
}

# Only those that need no quotes: in error, and for order-status also those in the queue.
_pumplinectl_offer_uniqueids() {
    local list lists=errors
    [[ ${row%%$'\t'*} == order-status ]] && lists='errors queue'
    for list in $lists; do
        _pumplinectl_offer "$("$program" ${socket:+--socket "$socket"} "$list" --json --limit 100 -- "${given[0]}" 2>/dev/null |
            sed -n 's/^ *"uniqueid": "\([A-Za-z0-9._-]*\)".*/\1/p')"
    done
}

_pumplinectl_row() {
    row=$(grep -m1 "^$1"$'\t' <<<"$commands")
}

# The words before the cursor: which are command and arguments, and whether the last one wants a value.
_pumplinectl_read_words() {
    local i word
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $word == = ]]; then # --name=VALUE comes as three words
            continue
        elif [[ -n $wanted ]]; then
            [[ $wanted == PATH ]] && socket=$word
            wanted=
        elif [[ $word == -c ]]; then
            wanted=FILE
        elif [[ $word == -* ]]; then
            # An option may mean something else to another command.
            wanted=$({ grep -e "^${given[0]}" <<<"$commands"; printf '%s\n' "$commands"; } | grep -om1 -e "$word=[^ ]*" | head -n1)
            wanted=${wanted#*=}
        else
            given+=("$word")
        fi
    done
    [[ $cur == = ]] && cur=
}

# A command has one word or two: sets its row and leaves the arguments in `given`.
_pumplinectl_find_command() {
    ((${#given[@]} > 0)) || return
    _pumplinectl_row "${given[0]}"
    if [[ -n $row ]]; then
        given=("${given[@]:1}")
    elif ((${#given[@]} > 1)); then
        _pumplinectl_row "${given[0]} ${given[1]}"
        given=("${given[@]:2}")
    fi
}

# Those that begin with `$1`: the first words of all commands, or the second ones of "token ".
_pumplinectl_offer_commands() {
    _pumplinectl_offer "$(sed -n "s/^$1\([^ "$'\t'"]*\).*/\1/p" <<<"$commands" | sort -u)"
}

_pumplinectl_offer_options() {
    local options=${row##*$'\t'}
    [[ -n $row ]] || options='--socket --json --help --version'
    _pumplinectl_offer "$(tr ' ' '\n' <<<"$options" | cut -d= -f1)"
}

_pumplinectl_offer_arguments() {
    local names=${row#*$'\t'} at=${#given[@]}
    local -a arguments
    read -ra arguments <<<"${names%%$'\t'*}"
    if [[ ${#arguments[@]} -gt 0 && ${arguments[-1]} == *…* ]] && ((at >= ${#arguments[@]} - 1)); then # it may be repeated
        _pumplinectl_offer_value "${arguments[-1]}"
        return
    fi
    ((at < ${#arguments[@]})) || return
    _pumplinectl_offer_value "${arguments[at]}"
    # What may be left out may be what comes next.
    [[ ${arguments[at]} == \[* ]] && ((at + 1 < ${#arguments[@]})) && _pumplinectl_offer_value "${arguments[at + 1]}"
}

_pumplinectl() {
    local cur=${COMP_WORDS[COMP_CWORD]} program=${COMP_WORDS[0]} commands row= socket= wanted=
    local -a given=()
    COMPREPLY=()
    commands=$("$program" --commands 2>/dev/null) || return 0
    _pumplinectl_read_words
    if [[ -n $wanted ]]; then
        _pumplinectl_offer_value "$wanted"
        return 0
    fi
    local first=${given[0]} count=${#given[@]}
    _pumplinectl_find_command
    if [[ $cur == -* ]]; then
        _pumplinectl_offer_options
    elif [[ -n $row ]]; then
        _pumplinectl_offer_arguments
    elif ((count == 0)); then
        _pumplinectl_offer_commands ""
    elif ((count == 1)); then
        _pumplinectl_offer_commands "$first "
    fi
    return 0
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then # run by another shell
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    _pumplinectl
    ((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}"
else
    complete -F _pumplinectl pumplinectl
fi
