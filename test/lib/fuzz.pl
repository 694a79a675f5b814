# fuzz.pl - random requests, and valid ones that were spoilt (run by test/tap/84-fuzz-http.t)
#
# Whatever comes, the service answers it: in time, with no 5xx but a 503 that says when to come
# again (502 where the far end of a connector is to blame), an error in the one shape all errors
# have, and nothing of another tenant's.  Nothing crashes, and memory stays.
#
# NVP_FUZZ_REQUESTS (default 4000, and then at most a minute) and NVP_FUZZ_SEED (default: a fixed one) are for longer runs; a
# failure prints the request and the seed and number that make it again.
use strict;
use warnings;
use File::Basename;
use Time::HiRes qw(time);
use lib dirname(__FILE__);
use Api;
use World;
use Routes;

my $requests = $ENV{NVP_FUZZ_REQUESTS} || 4000;
my $seed = $ENV{NVP_FUZZ_SEED} || 20260131;
my $most_seconds = $requests <= 4000 ? 60 : 1e9;
my %w = World::make();
my @worlds = map { $w{$_} } qw(acme bolt suba subb);
my @routes = grep { $_->[1] !~ m{/event/stream} } rows('SELECT method, path FROM _nuvopipe.route ORDER BY path, method');
my @ids = map { my $o = $_->{ids}; map { [$_, $o->{$_}] } sort keys %$o } @worlds;
my ($host, $port) = $ENV{NVP_URL} =~ m{//([^:]+):(\d+)};

# ---- chance

sub pick { return $_[rand @_] }
sub chance { return rand() < $_[0] }

my @nasty = ('', ' ', '0', '-1', 'null', 'true', '{}', '[]', '"', "'", '\\', '%', '%s%n', '$1', '{id}', '../..', '.', '*', '/', ';', '--', "' OR 1=1 --", 'a' x 300, 'é', "\xf0\x9f\x98\x80", "a\nb", "a\tb",
	'00000000-0000-0000-0000-000000000000', '01900000-0000-7000-8000-00000000000', 'nan', 'Infinity', '1e400', '99999999999999999999', '2024-02-30T25:61:61Z', 'infinity', '0001-01-01T00:00:00Z BC',
	'294277-01-01T00:00:00Z', 'PUBLIC', 'pg_catalog.pg_class', '$where', '(((((', '^(a+)+$', "\x01", "\x7f", 'ﬀ', "\xef\xbb\xbf", 'null::text');
my @numbers = qw(0 -0 -1 1 1.5 1e10 1e400 -1e400 1e-400 9223372036854775807 9223372036854775808 -9223372036854775809 4294967296 99999999999999999999999999999999999999 0.1 1E+2 123456789012345678901234567890.123456789);

# a JSON text that is odd
sub odd_json
{
	my $depth = int rand 30;
	return pick('null', 'true', 'false', @numbers, '"\u0000"', '"a\u0000b"', '"\ud800"', '"\udc00\ud800"', '"\ud83d\ude00"', '"\x"', "\"\xff\xfe\"", "\"\xc3\"", '""', '[]', '{}', '[[]]', '{"a": {"a": {"a": 1}}}',
		'[' x $depth . ']' x $depth, '{"a":' x $depth . '1' . '}' x $depth, '"' . 'x' x int(rand 3000) . '"', '[' . join(',', (1) x int(rand 200)) . ']', '"' . pick(map { s/(["\\\n\t\x01])/sprintf '\\u%04x', ord $1/ger } @nasty) . '"')
		if !chance(0.02);
	my $deep = pick(1000, 10000, 100000);
	return chance(0.5) ? '[' x $deep . ']' x $deep : '{"a":' x $deep;
}

# the JSON text of a value in which some parts have been replaced, lost or doubled
sub spoilt
{
	my ($v, $p) = @_;
	return odd_json() if chance($p);
	if (ref $v eq 'HASH')
	{
		my @members = map { chance($p) ? () : encode(chance($p) ? pick(@nasty, 'name', 'id', 'columns') : $_) . ':' . spoilt($v->{$_}, $p) } sort keys %$v;
		push @members, encode(pick('nope', '$status', '$headers', '$secret', 'headers', 'peer', 'id', '_tenant_id', 'sort', 'filters', 'pagination', 'options', 'wait', 'upload')) . ':' . odd_json() if chance($p);
		push @members, pick(@members) if @members && chance($p);
		return '{' . join(',', @members) . '}';
	}
	# names much like those of others: is there somebody who helps too much?
	return encode(pick(qw(model pipeline input output manual event template hook)) . ' QX' . pick(qw(acme bolt suba subb))) if !ref $v && chance(2 * $p);
	return '[' . join(',', map { (spoilt($_, $p)) x (chance($p) ? 2 : 1) } @$v) . ']' if ref $v eq 'ARRAY';
	return encode($v);
}

sub flipped
{
	my ($bytes, $times) = @_;
	for (1 .. $times)
	{
		my $at = int rand(1 + length $bytes);
		my $what = int rand 4;
		if ($what == 0) { substr($bytes, $at, 1) = chr rand 256 if $at < length $bytes }
		elsif ($what == 1) { substr($bytes, $at, 0) = pick("\0", "\xff", '"', '{', '}', '[', ']', ',', ':', '\\', '\u0000', "\xed\xa0\x80", chr rand 256) }
		elsif ($what == 2) { substr($bytes, $at, 1 + rand 5) = '' if $at < length $bytes }
		else { $bytes = substr $bytes, 0, $at }
	}
	return $bytes;
}

sub escaped { return $_[0] =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ger }

my @fields = qw(id name status created_at created_by created_by.id created_by.type pipeline configuration configuration.developer_mode permissions.level tags columns type node_type email row_no code value _tenant_id _owner_id tenant_id password
	attempts payload data logs progress nope 1 a.b.c.d.e.f);
my @operators = qw($eq $ne $in $nin $lt $lte $gt $gte $and $or $not $contains $containsi $startsWith $endsWith $null $notNull $regex $like);

sub odd_condition
{
	my ($deep) = @_;
	return encode({pick(@fields) => pick(@nasty)}) if chance(0.3);
	return '{' . encode(pick('$and', '$or')) . ':[' . join(',', map { odd_condition($deep + 1) } 0 .. rand 3) . ']}' if $deep < 12 && chance(0.3);
	return '{' . encode(pick(@fields)) . ':{' . encode(pick(@operators)) . ':' . (chance(0.5) ? odd_json() : encode(pick('a', 1, 'SUCCESSFUL', '2024-01-01T00:00:00Z', [1, 2], ['a']))) . '}}';
}

sub odd_query
{
	my @pairs;
	for (0 .. rand 3)
	{
		my $kind = int rand 9;
		if ($kind == 0) { push @pairs, 'filters=' . escaped(odd_condition(0)) }
		elsif ($kind == 1) { push @pairs, 'sort=' . escaped('{' . join(',', map { encode(pick(@fields)) . ':' . pick('"asc"', '"desc"', '1', odd_json()) } 0 .. rand 4) . '}') }
		elsif ($kind == 2) { push @pairs, 'pagination=' . escaped('{"' . pick(qw(limit offset after page pageSize nope)) . '":' . pick(@numbers, '"x"', odd_json()) . '}') }
		elsif ($kind == 3) { push @pairs, 'filters' . join('', map { '[' . escaped(pick(@fields, @operators, 0 .. 3, '', @nasty)) . ']' } 0 .. rand pick(4, 4, 30)) . '=' . escaped(pick(@nasty)) }
		elsif ($kind == 4) { push @pairs, 'sort' . (chance(0.7) ? '[' . pick(0, 1, 999999999, '', 'x') . ']' : '') . '=' . escaped(pick(@fields) . pick('', ':asc', ':desc', ':up', ':')) }
		elsif ($kind == 5) { push @pairs, 'pagination[' . pick(qw(limit offset after page pageSize nope)) . ']=' . escaped(pick(@numbers, @nasty)) }
		elsif ($kind == 6) { push @pairs, pick(qw(only kind format bucket by from to time_zone topics file_name wait options limit)) . '=' . escaped(pick(@nasty, qw(REJECTED ALL csv json hour week code Europe/Berlin execution 2024-01-01T00:00:00Z 1))) }
		elsif ($kind == 7) { push @pairs, 'options=' . escaped(odd_json()) }
		else { push @pairs, flipped(pick('a=b', 'filters={}', 'sort={}', 'filters[a][b]=c', '&&==&', 'a=%ff', '%', 'a=%u1234', '=x'), rand 3) =~ s/[\s#\x00-\x20\x7f]//gr }
		push @pairs, $pairs[-1] if chance(0.1);
	}
	my $query = join '&', @pairs;
	# who waits longer than this test does is tested elsewhere
	$query =~ s/wait=\d+/wait=1/g;
	return $query;
}

sub odd_segment
{
	return pick(map { escaped($_) } @nasty) if chance(0.5);
	return pick('%00', '%ff', '%c3%28', '%ed%a0%80', '%', '%zz', '%2', 'x' x 2000, "\xff\xfe", "\xc3\xa9", '..', '.', '%2e%2e', '%2F', 'type', 'test', 'check', 'stream', 'statistics', 'column-type', '{id}', '0' x 36);
}

my @odd_headers = (
	['If-Match', '*', '"x"', 'W/"x"', '', '"', ',' x 100], ['If-None-Match', '*', '"x"', ''], ['Idempotency-Key', 'k1', 'k2', "\xff", 'x' x 300, ' ', '', "\xc3\xa9"], ['Tus-Resumable', '1.0.0', '0.9', "\xff"],
	['Upload-Length', 0, 3, -1, '1e3', '9' x 30, 'x'], ['Upload-Offset', 0, 3, -1, '9' x 30, 'x', ''], ['Upload-Metadata', 'filename', 'filename a', 'filename ////', 'filename ' . 'QUJD' x 100, 'a b,,,', 'filename AAA=', "filename \xff"],
	['Last-Event-ID', '1', '1:1', '999999999999:999999999999:', '1:1:/x/y', "\xff", '/'], ['Content-Disposition', 'attachment', 'attachment; filename="a\\"b"', "attachment; filename*=UTF-8''%ff%00", "attachment; filename*=UTF-8''%C3%A9", 'filename=' . 'x' x 500],
	['Accept', 'text/html', '*/*;q=0', ''], ['Accept-Encoding', 'gzip;q=x', 'br', '*'], ['Range', 'bytes=0-1', 'bytes=-', 'x'], ['X-Forwarded-For', '1.2.3.4', ',,,', '::1'], ['Origin', 'null', 'https://a.example', "\xff"],
	['Access-Control-Request-Method', 'PUT', 'X'], ['X-Original-URI', '/dp/api/v1/tdm'], ['X-HTTP-Method-Override', 'DELETE'], ['Cookie', 'a=b'], ['Access_Token', 'x', ''], ['X-Api-Key', 'nvp_x'], ['X' x 200, 'y' x 200],
	['Connection', 'keep-alive', 'close', 'upgrade'], ['Upgrade', 'websocket', 'h2c'], ['Expect', '100-continue', '200-ok']);

# ---- one request: [bytes, who, is it HTTP at all]

sub odd_path
{
	my ($path, $world, $spec) = @_;
	my $kind = $spec->{id} // '';
	my @of_kind = grep { defined $_->[1] && ($_->[0] eq $kind || $kind eq 'secret' && $_->[0] eq 'receiver') } @ids;
	my $id = chance(0.5) && defined $world->{ids}{$kind} ? $world->{ids}{$kind} : chance(0.7) && @of_kind ? pick(@of_kind)->[1] : chance(0.5) ? pick(grep { defined $_->[1] } @ids)->[1] : odd_segment();
	$id =~ s{^.*/}{};
	my $configuration = pick(map { $_->{ids}{configuration} } @worlds);
	$path =~ s/\{(id|ticket|secret)\}/$id/;
	$path =~ s/\{configuration_id\}/$configuration/;
	return $path if chance(0.8);
	my @segments = split m{/}, $path, -1;
	my $what = int rand 4;
	if ($what == 0) { $segments[rand @segments] = odd_segment() }
	elsif ($what == 1) { splice @segments, rand @segments, 0, odd_segment() }
	elsif ($what == 2) { splice @segments, rand @segments, 1 }
	else { push @segments, ('') x rand 3, (odd_segment()) x rand pick(2, 2, 20) }
	return join('/', '', grep { defined } @segments) =~ s{^//}{/}r;
}

sub odd_body
{
	my ($spec, $world) = @_;
	my $good = $spec->{body} && chance(0.85) ? eval { $spec->{body}->($world) } : pick({}, {name => 'x'}, {input => {}}, {source => {upload => 'x'}});
	my $bytes = spoilt($good, pick(0, 0.02, 0.1, 0.3));
	return chance(0.2) ? flipped($bytes, 1 + rand 4) : $bytes;
}

sub odd_request
{
	my $world = pick(@worlds);
	my ($method, $path) = @{pick(@routes)};
	my $spec = $Routes::route{$method . ' ' . ($path =~ /^$BASE/ ? substr $path, length $BASE : "ROOT$path")} // {};
	$method = pick(qw(GET POST PUT PATCH DELETE HEAD OPTIONS TRACE CONNECT), 'get', 'X' x 50, 'G"T') if chance(0.05);
	# what is gone cannot be tried any more
	return odd_request() if $method eq 'DELETE' && chance(0.8) || $path =~ m{/(access|auth)/} && $method eq 'DELETE';
	my $target = odd_path($path, $world, $spec) . (chance(0.4) ? '?' . odd_query() : $spec->{query} && chance(0.5) ? "?$spec->{query}" : '');
	$target =~ s/([\x00-\x20\x7f])/sprintf '%%%02X', ord $1/ge;
	my $token = chance(0.9) ? $world->{as}{token} : pick('', 'x', 'Bearer ', "\xff", flipped($world->{as}{token}, 1) =~ s/[\r\n\0]//gr, 'nvp_' . 'x' x 40);
	my @headers = ('Host: x', "Authorization: $token");
	for (0 .. rand pick(1, 1, 5)) { my ($name, @values) = @{pick(@odd_headers)}; push @headers, "$name: " . pick(@values) if chance(0.5) }
	my $body = '';
	if ($method =~ /^P/ || chance(0.05))
	{
		$body = $spec->{piece} && chance(0.7) ? pick('abc', '', 'x' x 5000) : odd_body($spec, $world);
		push @headers, 'Content-Type: ' . ($spec->{piece} && chance(0.8) ? 'application/offset+octet-stream' : chance(0.9) ? 'application/json' : pick('text/csv', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', '', "\xff", 'application/json; charset=latin1', 'a/b+json'));
		if (chance(0.1))
		{
			my $chunks = '';
			for (my $rest = $body; length $rest; ) { my $piece = substr $rest, 0, 1 + rand 500, ''; $chunks .= sprintf "%x\r\n%s\r\n", length $piece, $piece }
			push @headers, 'Transfer-Encoding: chunked';
			$body = $chunks . "0\r\n\r\n";
		}
		else { push @headers, 'Content-Length: ' . length $body }
	}
	return ["$method $target HTTP/1.1\r\n" . join("\r\n", @headers) . "\r\n\r\n" . $body, $world, $method];
}

# ---- asking, and what comes back

my $socket;
sub ask
{
	my ($bytes, $method) = @_;
	for my $try (1, 2)
	{
		$socket //= IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port, Timeout => 10) or return 'no connection';
		setsockopt $socket, Socket::IPPROTO_TCP(), Socket::TCP_NODELAY(), 1;
		my ($got, $sent, $until) = ('', 0, time + 20);
		$socket->blocking(0);
		while (time < $until)
		{
			my ($r, $v) = ('', '');
			vec($r, fileno $socket, 1) = 1;
			vec($v, fileno $socket, 1) = 1 if $sent < length $bytes;
			select $r, $v, undef, 1;
			if (length $v && vec $v, fileno $socket, 1) { my $n = syswrite $socket, $bytes, 65536, $sent; $sent += $n if $n }
			next if !vec $r, fileno $socket, 1;
			my $n = sysread $socket, $got, 65536, length $got;
			last if defined $n ? $n == 0 : !$!{EAGAIN};
			$got =~ s/^HTTP\/1.1 100 [^\r]*\r\n\r\n//;
			return finish($got) if $got =~ /^HTTP\/1\.[01] (\d+)(.*?)\r\n\r\n/s && whole($got, $1, $2, $+[0], $method);
		}
		return "no answer in 20 s, after " . substr($got, 0, 200) if time >= $until;
		undef $socket;
		# closed without a word: an old connection may have timed out, a new one must not
		return finish($got) if length $got;
		return 'the connection was closed without an answer' if $try == 2;
	}
}
sub whole
{
	my ($got, $code, $head, $end, $method) = @_;
	return 1 if $code =~ /^(204|304)$/ || $method eq 'HEAD';
	return length $got >= $end + $1 if $head =~ /^content-length: (\d+)/im;
	return $got =~ /\r\n0\r\n\r\n$/ if $head =~ /^transfer-encoding: chunked/im;
	return 0;
}
sub finish { my ($got) = @_; undef $socket if $got =~ /^connection: close/im; return \$got }

# what is wrong with an answer; undef: nothing
sub fault_of
{
	my ($answer, $world, $bytes) = @_;
	return $answer if !ref $answer;
	my ($code, $head, $body) = $$answer =~ /^HTTP\/1\.[01] (\d+) (.*?)\r\n\r\n(.*)$/s or return "no HTTP: $$answer";
	return "it shows $&" if $$answer =~ $World::forbidden{$world->{name}};
	if ($code >= 500)
	{
		return "$code: $$answer" if !($code == 503 && $head =~ /^retry-after: \d/im || $code == 502 && $bytes =~ m{^\S+ \S*/connector/});
	}
	return undef if $code =~ /^(204|304)$/ || $head !~ m{^content-type: application/json}im || $bytes =~ /^HEAD/ || $head =~ /^transfer-encoding/im;
	my $json = decode($body);
	return "no JSON: $body" if !ref $json;
	my $fault = $code >= 400 ? shape($json, $Api::error) : undef;
	return $fault && "$fault in $body";
}

sub printable { return substr($_[0], 0, 3000) =~ s/([^\x20-\x7e])/sprintf '\\x%02x', ord $1/ger }

# one child: its own part of the requests; what is wrong goes to standard output
sub work
{
	my ($part, $count, $until) = @_;
	local $SIG{PIPE} = 'IGNORE';
	my %seen;
	for my $n (1 .. $count)
	{
		last if time > $until;
		srand $seed + 1000003 * $part + $n;
		my ($bytes, $world, $method) = @{odd_request()};
		my $answer = ask($bytes, $method);
		my $fault = fault_of($answer, $world, $bytes);
		$seen{ref $answer && $$answer =~ /^HTTP\S+ (\d+)/ ? $1 : 'none'}++;
		print "FAULT seed $seed part $part request $n as $world->{name}: " . printable($fault) . ' <== ' . printable($bytes) . "\n" if $fault;
		# a token that was revoked or a principal that was deleted would make every later request a 401
		if (ref $answer && $$answer =~ /^HTTP\S+ 401/ && $n % 50 == 0) { $world->{as} = eval { World::sign_in($world, $world->{identifier}, $world->{type}) } // $world->{as} }
	}
	print "SEEN $_ $seen{$_}\n" for sort keys %seen;
}

sub memory
{
	my $sum = 0;
	for my $pid (@_)
	{
		open my $f, '<', "/proc/$pid/status" or next;
		while (my $line = <$f>) { $sum += $1 if $line =~ /^RssAnon:\s+(\d+)/ }
	}
	return $sum;
}
sub sockets { my $n = 0; for my $pid (@_) { $n += grep { (readlink $_ // '') =~ /^socket/ } glob "/proc/$pid/fd/*" } return $n }
sub listeners { return sort map { $_->[0] } rows("SELECT pid FROM nuvopipe.workers WHERE kind = 'listener'") }

my @pids = listeners();
my $sockets = sockets(@pids);
my (@faults, %seen, @memory);
my $until = time + $most_seconds;
for my $half (0, 1)
{
	my @pipes;
	for my $part (2 * $half, 2 * $half + 1)
	{
		my $pid = open my $pipe, '-|';
		die "fork: $!" if !defined $pid;
		if (!$pid) { work($part, int($requests / 4), $until); exit 0 }
		push @pipes, $pipe;
	}
	for my $pipe (@pipes)
	{
		while (<$pipe>) { if (/^SEEN (\w+) (\d+)/) { $seen{$1} += $2 } else { push @faults, $_ } }
		close $pipe or push @faults, "a child ended with $?\n";
	}
	push @memory, memory(@pids);
}
my $done = 0;
$done += $_ for values %seen;
note("$done requests with seed $seed: " . join ', ', map { "$seen{$_} times $_" } sort keys %seen);
ok($done >= ($requests <= 4000 ? 1000 : $requests - 4), "$done requests were answered");
ok($seen{200} && $seen{201} && $seen{400} && $seen{401} && $seen{404} && $seen{405}, 'of all sorts');
is scalar @faults, 0, 'each as it should be' or diag(@faults[0 .. ($#faults > 19 ? 19 : $#faults)]);
is join(' ', listeners()), "@pids", 'the listeners live';
ok(wait_for('sockets', sub { sockets(@pids) <= $sockets + 2 * @pids }), 'no connection is left');
note("memory of listeners: @memory kB");
ok($memory[1] < $memory[0] + 16384 * @pids, "memory stays ($memory[0] to $memory[1] kB)");
for my $world (@worlds)
{
	my $as = World::sign_in($world, $world->{identifier}, $world->{type});
	is $as->get('/tdm')->{status}, 200, "$world->{name} is served as before";
}
Api::server_log_is_clean();
done;
