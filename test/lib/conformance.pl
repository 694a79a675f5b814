# conformance.pl - every route of the API, one by one, and what tenants see of each other (run by test/tap/83-conformance.t)
use strict;
use warnings;
use File::Basename;
use lib dirname(__FILE__);
use Api;
use OpenApi;
use World;
use Routes;
require 'tenants.pl';

my %w = World::make();
my $none = '01900000-0000-7000-8000-000000000000';
my $acme = $w{acme};
pass_worlds();
my %tenant = map { $_ => q1("SELECT id FROM _nuvopipe.organization WHERE name = '$_'") } qw(acme bolt);
my $owner = q1("SELECT id FROM _nuvopipe.principal WHERE identifier = 'owner\@acme.example'");
my $expired = q1("SELECT token FROM _nuvopipe.add_token('$tenant{acme}', '$owner', 'ACCESS_TOKEN', '-1 minute', NULL, NULL)");
my $revoked = World::sign_in($acme, 'owner@acme.example', 'USER')->{token};
Api::caller_of('x', $revoked)->del('/access/token');
my $nobody = Api::caller_of('nobody', undef, forbidden => qr/QZ(acme|bolt|suba|subb|pub)/);
my %limited;

# one who has every permission but this
sub without
{
	my ($right) = @_;
	return $w{suba}{as} if $right eq 'users';
	return $limited{$right} //= do {
		my $identifier = "without-$right\@acme.example";
		if ($right =~ /^organization\.(.*)/)
		{
			my @scopes = map { "organization:$_" } grep { $_ ne $1 } qw(create read write delete);
			Api::caller_of($right, $acme->{as}->post('/token', {scopes => \@scopes})->data(201)->{token});
		}
		else
		{
			my %permissions;
			for (split /\+/, $right) { my ($kind, $verb) = split /\./; $permissions{$kind}{$verb} = JSON::PP::false }
			$acme->{as}->post('/user/', {email => $identifier, permissions => \%permissions})->data(201);
			World::sign_in($acme, $identifier, 'USER');
		}
	};
}

sub pass_worlds { is $w{$_}{execution}{status}, 'SUCCESSFUL', "an execution of $_" for qw(acme bolt suba subb) }

sub error_shape
{
	my ($a, $status, $name, $code) = @_;
	my $fault = ref $a->{json} ? shape($a->{json}, $Api::error) : 'no JSON: ' . $a->{text};
	$fault //= "error is $a->{json}{error}" if $code && $a->{json}{error} ne $code;
	return ok($a->{status} == $status && !$fault, "$name: $status", "got $a->{status}, $a->{text}", $fault);
}

# the path of a route for a world; unknown: with an id that nobody has
sub path_of
{
	my ($path, $spec, $world, $id) = @_;
	my $configuration = $world->{ids}{configuration};
	$id //= $world->{ids}{$spec->{id} // ''} // '';
	$path =~ s/\{(id|ticket|secret)\}/$id/;
	$path =~ s/\{configuration_id\}/$configuration/;
	return $path;
}

# the options of a request that would be accepted
sub good
{
	my ($method, $spec, $world) = @_;
	return (content => $spec->{piece}, headers => {'Content-Type' => 'application/offset+octet-stream', 'Upload-Offset' => 0}) if $spec->{piece};
	return (body => $spec->{body}->($world)) if $spec->{body};
	return ();
}

# every refusal that depends on the token alone
sub refuse_strangers
{
	my ($name, $method, $path, $spec) = @_;
	my @good = good($method, $spec, $acme);
	my $get = sub { my ($token) = @_; $nobody->call($method, $path, @good, headers => {($#good > 1 ? %{$good[3]} : ()), Authorization => $token}) };
	error_shape($get->(undef), 401, "$name without a token", 'token_missing');
	error_shape($get->('nonsense'), 401, "$name with nonsense for a token", 'token_invalid');
	error_shape($get->($expired), 401, "$name with an expired token", 'token_expired');
	error_shape($get->("Bearer $revoked"), 401, "$name with a revoked token", 'token_revoked');
	return if !$spec->{right};
	my $who = without($spec->{right});
	error_shape($who->call($method, $path, @good), 403, "$name without the right $spec->{right}", 'forbidden');
}

# bodies that cannot be read, are too long, or say what they may not
sub refuse_bodies
{
	my ($name, $method, $path, $spec, $max) = @_;
	my $as = $acme->{as};
	my $send = sub { my ($type, $bytes) = @_; $as->call($method, $path, content => $bytes, headers => {'Content-Type' => $type}) };
	my @some = good($method, $spec, $acme);
	error_shape($send->('text/plain', 'x'), 415, "$name with a body of another type", 'unsupported_media_type');
	error_shape($send->('application/json', '{"a": '), 400, "$name with half a body", 'invalid_request');
	error_shape($send->('application/json', '[]'), 400, "$name with a list for a body", 'invalid_request');
	error_shape($send->('application/json', "{\"a\": \"\xff\"}"), 400, "$name with a body that is no UTF-8", 'invalid_request');
	my $token = $as->{token};
	my $raw = raw_request("$method $BASE$path HTTP/1.1\r\nHost: x\r\nAuthorization: $token\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: " . ($max + 1) . "\r\n\r\n");
	like $raw // '', qr/^HTTP\/1.1 413 .*"error": "too_large"/s, "$name with a body too large: 413";
	return if $spec->{any_body};
	for (@{$spec->{bad} // []}, [{nope => 1}, undef])
	{
		my ($body, $where) = @$_;
		my $a = $as->call($method, $path, body => $body);
		my $text = encode($body);
		error_shape($a, 400, "$name with $text", 'invalid_request') && defined $where or next;
		my $path = $a->{json}{details}[0]{path} // '';
		ok(ref $where ? $path =~ $where : $path eq $where, "$name with $text: says where", "path $path, not $where", $a->{text});
	}
}

# two answers that must be the same but for what was asked for
sub same
{
	my ($name, $one, $asked_one, $two, $asked_two) = @_;
	my ($a, $b) = ($one->{text}, $two->{text});
	s/\Q$asked_one\E/THIS/g for $a;
	s/\Q$asked_two\E/THIS/g for $b;
	is "$one->{status} $a", "$two->{status} $b", "$name is unknown";
}

# objects of others are as unknown as those that nobody has
sub refuse_others
{
	my ($name, $method, $route_path, $spec) = @_;
	my @pairs = (['bolt', 'acme'], ['acme', 'bolt'], ['suba', 'bolt'], ['suba', 'acme'], ['suba', 'subb'], ['acme', 'suba']);
	for (@pairs)
	{
		my ($who, $whose) = @$_;
		next if $who eq 'acme' && $whose eq 'suba' && !$spec->{own};
		my $id = $w{$whose}{ids}{$spec->{id}} // next;
		my $as = $w{$who}{as};
		my $query = $spec->{query} ? "?$spec->{query}" : '';
		my @good = good($method, $spec, $w{$who});
		my $theirs = $as->call($method, path_of($route_path, $spec, $w{$whose}, $id) . $query, @good);
		my $unknown = $as->call($method, path_of($route_path, $spec, $w{$whose}, $none) . $query, @good);
		same("$name: that of $whose for $who", $theirs, $id, $unknown, $none);
		error_shape($unknown, $w{$who}{is_sub} && ($spec->{right} // '') =~ /^(users|organization\..*)$/ ? 403 : 404, "$name: an id that nobody has");
	}
	for my $bad ('x', 'a b', '%22', uc($none) . '', '%30' . substr($none, 1), 'a%2Fb', "\xc3\xa9", '$1')
	{
		(my $segment = $bad) =~ s/([^A-Za-z0-9.%\$-])/sprintf '%%%02X', ord $1/ge;
		error_shape($acme->{as}->call($method, path_of($route_path, $spec, $acme, $segment) . ($spec->{query} ? "?$spec->{query}" : ''), good($method, $spec, $acme)),
			404, "$name: \"$segment\" for an id", 'not_found');
	}
}

sub set_path
{
	my ($body, $path, $value) = @_;
	my @step = split /\./, $path;
	my $last = pop @step;
	for (@step) { $body = ref $body eq 'ARRAY' ? $body->[$_] : ($body->{$_} //= $path =~ /\.0$/ ? [] : {}) }
	if (ref $body eq 'ARRAY') { $body->[$last] = $value } else { $body->{$last} = $value }
}

# references in bodies: those of others, by id and by name, are unknown
sub refuse_references
{
	my ($name, $method, $path, $spec) = @_;
	for my $place (sort keys %{$spec->{refs} // {}})
	{
		my $kind = $spec->{refs}{$place};
		for (['bolt', 'acme'], ['suba', 'acme'], ['suba', 'subb'], ['acme', 'bolt'])
		{
			my ($who, $whose) = @$_;
			next if $w{$who}{is_sub} && (($spec->{right} // '') eq 'users' || $kind eq 'template');
			my @a = map { my $body = $spec->{body} ? $spec->{body}->($w{$who}) : {}; set_path($body, $place, $_);
				$w{$who}{as}->call($method, $path, body => $body) } $w{$whose}{ids}{$kind}, $none;
			same("$name: $place of $whose for $who", $a[0], $w{$whose}{ids}{$kind}, $a[1], $none);
			ok($a[1]{status} =~ /^4/, "$name: $place that nobody has is refused", $a[1]{text});
			# a name much like theirs: the client fails the test where a hint shows it
			my $near = {tdm => 'model', output => 'output', connector => 'input', input => 'manual', pipeline => 'pipeline', template => 'template'}->{$kind} or next;
			my $body = $spec->{body} ? $spec->{body}->($w{$who}) : {};
			set_path($body, $place, "$near QX" . substr $w{$whose}{mark}, 2);
			ok($w{$who}{as}->call($method, $path, body => $body)->{status} =~ /^4/, "$name: a name like that of $place of $whose for $who");
		}
	}
}

sub succeed
{
	my ($name, $method, $route_path, $spec, $status) = @_;
	$status = $spec->{status} // $status;
	my $id = $spec->{fresh} ? $spec->{fresh}->($acme) : undef;
	my $as = $spec->{as_fresh} ? World::sign_in($acme, 'owner@acme.example', 'USER') : $acme->{as};
	my $path = path_of($route_path, $spec, $acme, $id) . ($spec->{query} ? "?$spec->{query}" : '');
	my @good = good($method, $spec, $acme);
	my $a = $as->call($method, $path, @good);
	is $a->{status}, $status, "$name: $status" or return diag($a->{text});
	is OpenApi::fault($method, "$BASE$route_path", $status, $a), undef, "$name: agrees with its description";
	is OpenApi::request_fault($method, "$BASE$route_path", $good[1]), undef, "$name: and so does its body" if $spec->{body};
	return error_shape($a, $status, $name) if $status >= 400;
	return $spec->{check}->($a, $acme) if $spec->{check};
	my $fault = shape($a->{json}{data}, $spec->{list} ? [$spec->{shape}] : $spec->{shape});
	is $fault, undef, "$name: the shape of its data";
	return if !$spec->{list};
	is shape($a->{json}, {data => 'list', pagination => $Api::pagination}), undef, "$name: a list with its pagination";
	ok(scalar @{$a->{json}{data}}, "$name: is not empty");
	ok($a->{json}{pagination}{total} >= @{$a->{json}{data}}, "$name: total");
}

sub try_stream
{
	my ($path) = @_;
	my $raw = raw_request("GET $BASE$path?topics=execution HTTP/1.1\r\nHost: x\r\nAuthorization: $acme->{as}{token}\r\n\r\n", 0.5);
	like $raw // '', qr/^HTTP\/1.1 200 .*Content-Type: text\/event-stream/si, 'a stream of events';
}

# what a route may well answer, and this test has it answer
sub expected_statuses
{
	my ($method, $path, $auth, $mode, $spec) = @_;
	my %s = (($spec->{status} // 200) => $spec->{status} ? 1 : 0);
	@s{401, 403} = (1, $spec->{right} ? 1 : 0) if $auth eq 'token';
	$s{404} = 1 if $path =~ /\{/;
	@s{400, 413, 415} = (1, 1, 1) if $method =~ /^P/ && $mode eq 'json';
	$s{400} = 1 if $spec->{bad_query};
	$s{422} = 1 if $spec->{refs};
	$s{412} = 1 if $method =~ /^(PUT|DELETE)$/ && $path =~ m{^/(tdm|connector|pipeline|pipeline-template|user|sub-organization|webhook)/\{id\}$};
	$s{401} = 1 if $path =~ m{^/(auth|access)/};
	return grep { $s{$_} } sort keys %s;
}

sub try_route
{
	my ($method, $path, $auth, $mode, $status, $max, $allowed) = @_;
	my $whole = $path !~ s/^\Q$BASE\E//;
	my $name = $method . ' ' . ($whole ? "ROOT$path" : $path);
	my $spec = $Routes::route{$name};
	ok($spec, "$name: is covered by Routes.pm") or return;
	is $auth, 'token', "$name: needs a token" if $spec->{right};
	# what is served at the root as well is described once
	my $documented = $whole ? undef : OpenApi::operation($method, $BASE . $path);
	ok($documented, "$name: is described") if !$whole;
	is join(' ', grep { !$documented->{responses}{$_} } expected_statuses($method, $path, $auth, $mode, $spec)), '', "$name: with its statuses" if $documented;
	return $acme->{as}->call('GET', $path, whole_path => 1)->{status} == 200 ? $spec->{check}->($acme->{as}->call('GET', $path, whole_path => 1)) : ok(0, "$name: 200") if $whole;
	my $usual = path_of($path, $spec, $acme, $spec->{id} && !$acme->{ids}{$spec->{id}} ? 'nothing' : undef);
	refuse_strangers($name, $method, $usual, $spec) if $auth eq 'token';
	for my $other (grep { $allowed !~ /\b$_\b/ } qw(GET POST PUT PATCH DELETE))
	{
		my $a = $acme->{as}->call($other, $usual);
		error_shape($a, 405, "$name: $other is not possible", 'method_not_allowed');
		is $a->{headers}{allow}, $allowed, "$name: what is allowed";
		last;
	}
	refuse_bodies($name, $method, $usual, $spec, $max) if $method =~ /^P/ && $mode eq 'json';
	refuse_others($name, $method, $path, $spec) if $path =~ /\{id\}/;
	refuse_references($name, $method, $usual, $spec);
	error_shape($acme->{as}->call($method, "$usual?$spec->{bad_query}" . ($spec->{query} && $spec->{bad_query} !~ /only/ ? "&$spec->{query}" : '')), 400, "$name?$spec->{bad_query}", 'invalid_request') if $spec->{bad_query};
	error_shape($acme->{as}->call($method, "$usual?$_"), 400, "$name?$_", 'invalid_request') for $method eq 'GET' && $auth eq 'token' && !$spec->{raw} ? ('filters={', 'filters[$and=1', 'a=%ff') : ();
	return try_stream($path) if $spec->{stream};
	succeed($name, $method, $path, $spec, $status);
	if ($method eq 'GET' && $path !~ /ticket/)
	{
		my @more = $spec->{query} ? "?$spec->{query}" : '';
		my $slash = $acme->{as}->get("$usual/$more[0]");
		is $slash->{status}, $spec->{status} // $status, "$name/: the same with a slash at its end";
		my $head = $acme->{as}->call('HEAD', $usual . $more[0]);
		is "$head->{status} $head->{text}", ($spec->{status} // $status) . ' ', "HEAD $path";
	}
}

OpenApi::load($nobody->get('/openapi.json')->{json});
is join(' ', OpenApi::dangling()), '', 'no reference of the description leads nowhere';
my @routes = rows("SELECT method, path, auth, mode, status, max_body, string_agg(method, ', ') OVER (PARTITION BY path ORDER BY method ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
	FROM _nuvopipe.route ORDER BY method = 'DELETE', path, method");
my %seen = map { my $p = $_->[1]; my $whole = $p !~ s/^\Q$BASE\E//; ($_->[0] . ' ' . ($whole ? "ROOT$p" : $p) => 1) } @routes;
is join(', ', grep { !$seen{$_} } sort keys %Routes::route), '', 'Routes.pm speaks of no routes that are gone';
try_route(@$_) for @routes;
tenants(\%w);
is $Api::leaks, 0, 'nobody was shown what belongs to others';
note("$Api::requests requests");
Api::server_log_is_clean();
done;
