# Api.pm - what tests of the API in Perl share: assertions, a client, SQL, shapes
#
# Core modules only.  A test is started by a .t that has made the cluster, and prints TAP.
#
#	use Api;
#	my $jane = Api::caller_of('jane', $token, forbidden => qr/.../);
#	my $a = $jane->get('/tdm/');			# {status, headers, text, json}
#	is $a->{status}, 200, 'a list';
#	done;
#
# Environment: NVP_URL (where the API is), PGHOST and friends, PGBIN.
package Api;
use strict;
use warnings;
use Exporter 'import';
use HTTP::Tiny;
use IPC::Open2;
use JSON::PP;
use IO::Socket::INET;
use Socket qw(IPPROTO_TCP TCP_NODELAY);
use Time::HiRes qw(time sleep);

our @EXPORT = qw(ok is isnt like unlike diag note done q1 rows sql shape encode decode uuid_like wait_for raw_request $BASE);
our $BASE = '/dp/api/v1';
my ($tests, $bad) = (0, 0);
my $json = JSON::PP->new->utf8->canonical->allow_nonref;
$| = 1;

# ---- assertions

sub diag { print STDERR map { "# $_\n" } map { split /\n/ } @_ }
sub note { print map { "# $_\n" } map { split /\n/ } @_ }

sub ok ($$;@)
{
	my ($good, $name, @more) = @_;
	$tests++;
	$name =~ s/[#\n]/ /g;
	print $good ? "ok $tests - $name\n" : "not ok $tests - $name\n";
	return 1 if $good;
	$bad++;
	my ($where, $line) = (caller($_[9] // 0))[1, 2];
	for (my $i = 0; my @c = caller($i); $i++) { ($where, $line) = @c[1, 2]; last if $where !~ /Api\.pm$/ }
	diag("failed at $where:$line", map { ref $_ ? encode($_) : $_ // 'undef' } @more);
	return 0;
}

sub is ($$$)
{
	my ($got, $want, $name) = @_;
	my $good = defined $got && defined $want ? $got eq $want : !defined $got && !defined $want;
	ok($good, $name, $good ? () : ('     got: ' . ($got // 'undef'), 'expected: ' . ($want // 'undef')));
}
sub isnt ($$$) { ok(($_[0] // '') ne ($_[1] // ''), $_[2], "got what was not wanted: " . ($_[0] // 'undef')) }
sub like ($$$) { ok(defined $_[0] && $_[0] =~ $_[1], $_[2], '     got: ' . ($_[0] // 'undef'), "no match: $_[1]") }
sub unlike ($$$) { ok(defined $_[0] && $_[0] !~ $_[1], $_[2], '  got: ' . ($_[0] // 'undef'), "match: $_[1]") }
sub done { print "1..$tests\n"; exit($bad > 0) }

# ---- JSON

sub encode { $json->encode($_[0]) }
sub decode { my $v = eval { $json->decode($_[0]) }; $v }
sub uuid_like { defined $_[0] && !ref $_[0] && $_[0] =~ /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/ }

my %kind = (
	any => sub { 1 },
	str => sub { defined $_[0] && !ref $_[0] },
	text => sub { defined $_[0] && !ref $_[0] && length $_[0] },
	uuid => \&uuid_like,
	int => sub { defined $_[0] && !ref $_[0] && $_[0] =~ /^-?\d+$/ },
	num => sub { defined $_[0] && !ref $_[0] && $_[0] =~ /^-?\d+(\.\d+)?$/ },
	bool => sub { ref $_[0] eq 'JSON::PP::Boolean' },
	time => sub { defined $_[0] && $_[0] =~ /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/ },
	obj => sub { ref $_[0] eq 'HASH' },
	list => sub { ref $_[0] eq 'ARRAY' },
);

# shape VALUE, WANTED : undef if it fits, else what does not.  WANTED is a kind, {member => WANTED} where "member?" may be
# missing and no other may be there, [WANTED] for a list of such, or "=word|word" for one of these.
sub shape
{
	my ($value, $want, $path) = (@_, '$');
	if (ref $want eq 'HASH')
	{
		return "$path is no object" if ref $value ne 'HASH';
		my %known;
		for my $name (keys %$want)
		{
			(my $member = $name) =~ s/\?$//;
			$known{$member} = 1;
			if (!exists $value->{$member})
			{
				return "$path.$member is missing" if $member eq $name;
				next;
			}
			my $fault = shape($value->{$member}, $want->{$name}, "$path.$member");
			return $fault if $fault;
		}
		for (keys %$value) { return "$path.$_ is not expected" if !$known{$_} }
		return undef;
	}
	if (ref $want eq 'ARRAY')
	{
		return "$path is no list" if ref $value ne 'ARRAY';
		for my $i (0 .. $#$value) { my $fault = shape($value->[$i], $want->[0], "$path\[$i]"); return $fault if $fault }
		return undef;
	}
	if ($want =~ /^=(.*)/)
	{
		my @words = split /\|/, $1;
		return (defined $value && grep { $_ eq $value } @words) ? undef : "$path is " . encode($value) . ", not one of @words";
	}
	return $kind{$want}->($value) ? undef : "$path is " . encode($value) . ", not $want";
}

our %actor = (id => 'uuid', name => 'text', identifier => 'text', type => '=USER|SUB_ORG');
our $error = {message => 'text', error => 'text', details => [{'path?' => 'text', message => 'text', 'hint?' => 'text', 'current?' => 'obj'}]};
our $pagination = {total => 'int', offset => 'int', limit => 'int', 'next?' => 'str', 'total_is_estimate?' => 'bool'};

# ---- SQL

# sql STATEMENT, [script] : rows; a script may hold psql's own commands
sub sql
{
	my ($statement, $script) = @_;
	my @psql = ("$ENV{PGBIN}/psql", '-XAtq', '-v', 'ON_ERROR_STOP=1');
	my ($in, $out);
	my $pid = open2($out, $in, @psql, $script ? () : ('-c', $statement));
	print $in $statement, ";\n" if $script;
	close $in;
	local $/;
	my $text = <$out> // '';
	waitpid $pid, 0;
	die 'failed: ', substr($statement, -200), "\n" if $?;
	$text =~ s{\n\z}{};
	return $text;
}
sub q1 { sql(@_) }
sub rows { map { [split /\|/, $_, -1] } split /\n/, sql(@_) }

# ---- requests

my ($host, $port) = ($ENV{NVP_URL} // '') =~ m{^http://([^:/]+):(\d+)};
my $http = HTTP::Tiny->new(keep_alive => 1, max_redirect => 0, timeout => 40, agent => 'test');
our ($leaks, $requests, %slowest) = (0, 0);

# caller_of NAME, TOKEN, [forbidden => qr//] : no answer to it may match what is forbidden
sub caller_of { my ($name, $token, %more) = @_; return bless {name => $name, token => $token, %more}, __PACKAGE__ }

sub call
{
	my ($self, $method, $path, %option) = @_;
	my %header = (Accept => 'application/json', %{$option{headers} // {}});
	my $body = $option{content};
	$path = $BASE . $path if $path !~ /^$BASE/ && !$option{whole_path};
	$header{Authorization} = $self->{token} if defined $self->{token} && !exists $header{Authorization};
	if (exists $option{body})
	{
		$body = encode($option{body});
		$header{'Content-Type'} //= 'application/json';
	}
	delete @header{grep { !defined $header{$_} } keys %header};
	my $start = time;
	my $r = $http->request($method, "http://$host:$port$path", {headers => \%header, defined $body ? (content => $body) : ()});
	my $took = time - $start;
	# head and body are written apart: the second must not wait for the acknowledgement of the first
	setsockopt($http->{handle}{fh}, IPPROTO_TCP, TCP_NODELAY, 1) if $http->{handle};
	my $answer = bless {status => $r->{status}, headers => $r->{headers}, text => $r->{content} // '', took => $took, what => "$method $path"}, 'Api::Answer';
	$answer->{json} = decode($answer->{text}) if ($r->{headers}{'content-type'} // '') =~ m{^application/json};
	$requests++;
	diag("$method $path: $r->{content}") if $r->{status} == 599;
	$self->watch($answer, $option{echo});
	return $answer;
}

# nothing of others in it, and nothing broken
sub watch
{
	my ($self, $answer, $echo) = @_;
	my $all = join "\n", $answer->{text}, map { ref $_ ? @$_ : $_ } values %{$answer->{headers} // {}};
	if ($self->{forbidden} && !$echo && $all =~ $self->{forbidden})
	{
		$leaks++;
		ok(0, "$self->{name} sees \"$&\" in the answer to $answer->{what}", substr($all, 0, 1000));
	}
	ok(0, "$answer->{what}: $answer->{status}", $answer->{text}) if $answer->{status} =~ /^5/ && $answer->{status} !~ /^50[23]$/;
}
# a child must not share the connection of its parent
sub fresh_connection { $http = HTTP::Tiny->new(keep_alive => 1, max_redirect => 0, timeout => 40, agent => 'test') }

sub get { my $self = shift; $self->call('GET', @_) }
sub post { my ($self, $path, $body, %o) = @_; $self->call('POST', $path, (defined $body ? (body => $body) : ()), %o) }
sub put { my ($self, $path, $body, %o) = @_; $self->call('PUT', $path, body => $body, %o) }
sub del { my $self = shift; $self->call('DELETE', @_) }

# the data of an answer that must have this status; the test ends where it has not
sub Api::Answer::data
{
	my ($answer, $status) = @_;
	die "$answer->{what}: $answer->{status}, not $status: $answer->{text}\n" if $answer->{status} != $status;
	return $answer->{json}{data};
}

# raw_request BYTES, [SECONDS] : what comes back until the connection closes or the answer is whole; undef if nothing came in time
sub raw_request
{
	my ($bytes, $seconds) = (@_, 10);
	my $socket = IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port, Timeout => 10) or return undef;
	local $SIG{PIPE} = 'IGNORE';
	syswrite $socket, $bytes;
	my ($got, $until) = ('', time + $seconds);
	while ((my $left = $until - time) > 0)
	{
		my $set = '';
		vec($set, fileno $socket, 1) = 1;
		next if !select $set, undef, undef, $left;
		last if !sysread $socket, $got, 65536, length $got;
		if ($got =~ /^HTTP\S+ (\d+).*?\r\n\r\n/s)
		{
			my ($head, $end, $code) = ($&, $+[0], $1);
			last if $code =~ /^(204|304)$/;
			last if $head =~ /^content-length: (\d+)/im && length $got >= $end + $1;
		}
	}
	return $got;
}

# nothing in the log of the server that should not be there
sub server_log_is_clean
{
	open my $log, '<', $ENV{NVP_LOG} or return diag("no log: $!");
	my @bad = grep { /PANIC|TRAP:|terminated by signal|nuvopipe: \S+ \S+ failed/ } <$log>;
	is scalar @bad, 0, 'nothing crashed, and no request failed for a reason of ours' or diag(@bad[0 .. ($#bad > 9 ? 9 : $#bad)]);
}

sub wait_for
{
	my ($what, $code, $seconds) = (@_, 30);
	my $until = time + $seconds;
	while (time < $until) { my $v = $code->(); return $v if $v; sleep 0.05 }
	diag("waited $seconds s for $what");
	return undef;
}
1;
