# tenants.pl - what tenants see, count and name of each other, beside what single routes are tested for (required by conformance.pl)
use strict;
use warnings;
use Api;
use Digest::SHA;
use World;

my %invisible = (acme => ['bolt'], bolt => [qw(acme suba subb)], suba => [qw(acme bolt subb)], subb => [qw(acme bolt suba)]);

# ids and marks that must not be shown to one
sub unseen
{
	my ($w, $name) = @_;
	my %id;
	for my $whose (@{$invisible{$name}})
	{
		my $o = $w->{$whose}{ids};
		$id{$o->{$_}} = 1 for grep { uuid_like($o->{$_}) } keys %$o;
		$id{$w->{$whose}{execution}{$_}} = 1 for qw(id configuration);
	}
	my $ids = join '|', sort keys %id;
	return qr/$ids|$World::forbidden{$name}/;
}

# a statement for a token as PostgREST has it: a pooled connection that takes role nuvopipe_api
sub as_token
{
	my ($token, $statement, $role) = @_;
	return sql("BEGIN; SET LOCAL ROLE nuvopipe_api; SELECT set_config('request.headers', '{\"authorization\": \"Bearer $token\"}', true) \\g /dev/null\n"
		. "SELECT nuvopipe_api.pre_request() \\g /dev/null\n" . ($role ? "SET LOCAL ROLE $role;\n" : '') . "$statement;\nCOMMIT", 'script');
}

sub try_views
{
	my ($w) = @_;
	my %views;
	push @{$views{$_->[0]}}, $_->[1] for rows("SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind = 'v' AND n.nspname IN ('nuvopipe', 'nuvopipe_api') ORDER BY 1, 2");
	for my $schema (sort keys %views)
	{
		# role nuvopipe_api has the views of its schema; those of the other one are read with all rights, so that the token alone decides
		my $role = $schema eq 'nuvopipe' ? 'postgres' : undef;
		for my $name (sort keys %invisible)
		{
			my %found = map { $_ => [] } @{$views{$schema}};
			my $text = eval { as_token($w->{$name}{as}{token}, join(";\n", map { "SELECT '$_>>>' || translate(v::text, E'\\n', ' ') FROM $schema.$_ v" } @{$views{$schema}}), $role) };
			ok(defined $text, "the views of $schema can be read for $name", $@) or next;
			for (split /\n/, $text) { push @{$found{$1}}, $2 if /^(\w+)>>>(.*)/ }
			my $pattern = unseen($w, $name);
			for my $view (sort keys %found)
			{
				my @bad = grep { /$pattern/ } @{$found{$view}};
				is scalar @bad, 0, "$schema.$view shows $name nothing of others" or diag($bad[0]);
				ok(@{$found{$view}} > 0, "$schema.$view shows $name its own") if !$w->{$name}{is_sub} && $view !~ /^(execution_days|execution_progress|license_keys|organizations|partitions|queue_depth|retention)$/;
			}
		}
	}
	my @api = map { "(SELECT count(*) FROM nuvopipe_api.$_)" } @{$views{nuvopipe_api}};
	is sql('SET ROLE nuvopipe_api; SELECT ' . join('+', @api), 'script'), 0, 'the views of nuvopipe_api show nothing without a token';
}

my @lists = qw(schedule planned-run calendar trigger tdm connector pipeline execution pipeline-template webhook outbox event token user sub-organization);

sub try_lists
{
	my ($w) = @_;
	for my $name (sort keys %invisible)
	{
		my ($as, $pattern) = ($w->{$name}{as}, unseen($w, $name));
		my $total = q1("SELECT count(*) FROM _nuvopipe.execution e JOIN _nuvopipe.principal o ON o.id = e.owner_id
			WHERE e.tenant_id = '$w->{$name}{tenant}' AND ('$w->{$name}{type}' = 'USER' OR o.id = '$w->{$name}{principal}')");
		for my $path ((map { "/$_?pagination={\"limit\":100}" } @lists), '/execution/statistics', '/execution/issue/statistics', '/metrics', '/me')
		{
			my $a = $as->get($path);
			$a->{status} == 403 && $w->{$name}{is_sub} && ok(1, "$path is not for $name") && next;
			is $a->{status}, 200, "$path for $name";
			my ($found) = $a->{text} =~ /($pattern)/;
			is $found, undef, "$path shows $name nothing of others";
		}
		my $all = $as->get('/execution?pagination={"limit":1}')->{json}{pagination}{total};
		is $all, $total, "$name counts its own executions";
		my $sum = 0;
		$sum += $_->{total} for @{$as->get('/execution/statistics')->{json}{data}};
		is $sum, $total, "$name has its own in the statistics";
		if (!$w->{$name}{is_sub})
		{
			my $metrics = 0;
			$metrics += $_ for $as->get('/metrics')->{text} =~ /^nuvopipe_executions\{\S+ (\d+)$/mg;
			is $metrics, $total, "$name has its own in the metrics";
		}
		# filters reach no further than the list does
		my $mark = $World::forbidden{$name};
		for my $other (@{$invisible{$name}})
		{
			my $o = $w->{$other}{ids};
			is $as->get("/execution?filters={\"pipeline\":\"$o->{pipeline}\"}")->{json}{pagination}{total}, 0, "$name filters by a pipeline of $other";
			is $as->get("/tdm?filters[name][\$contains]=$w->{$other}{mark}")->{json}{pagination}{total}, 0, "$name filters by the mark of $other";
			is $as->get("/execution?filters[\$or][0][pipeline]=$o->{pipeline}&filters[\$or][1][id]=$o->{execution}")->{json}{pagination}{total}, 0, "$name joins conditions about $other";
		}
	}
}

# how many models and connectors, by what the tables say
sub try_counts
{
	my ($w) = @_;
	for my $name (sort keys %invisible)
	{
		my ($me, $tenant, $type) = @{$w->{$name}}{qw(principal tenant type)};
		for my $kind (qw(tdm connector pipeline))
		{
			my $public = $kind eq 'pipeline' ? 'false' : "x.permissions_level = 'PUBLIC' AND o.kind <> 'SUB_ORG'";
			my $wanted = q1("SELECT count(*) FROM _nuvopipe.$kind x JOIN _nuvopipe.principal o ON o.id = x.owner_id 
				WHERE x.tenant_id = '$tenant' AND ('$type' = 'USER' OR x.owner_id = '$me' OR $public)");
			is $w->{$name}{as}->get("/$kind?pagination={\"limit\":1}")->{json}{pagination}{total}, $wanted, "$name has $wanted of kind $kind";
		}
	}
}

sub refused { my ($a, $status, $name) = @_; ok($a->{status} == $status && ref $a->{json} && !shape($a->{json}, $Api::error), "$name: $status", "$a->{status} $a->{text}"); return $a }

# what is PUBLIC may be used by the customers of the organization, and no more
sub try_public
{
	my ($w) = @_;
	my ($suba, $subb, $acme, $bolt, $pub) = ((map { $w->{$_}{as} } qw(suba subb acme bolt)), $w->{pub});
	for my $kind (qw(tdm connector))
	{
		is $suba->get("/$kind/$pub->{$kind}")->{status}, 200, "a PUBLIC $kind is seen by a customer";
		refused($bolt->get("/$kind/$pub->{$kind}"), 404, "a PUBLIC $kind is not seen by another organization");
		refused($suba->put("/$kind/$pub->{$kind}", {description => 'mine'}), 403, "nor changed by a customer");
		refused($suba->del("/$kind/$pub->{$kind}"), 403, "nor deleted by a customer");
		refused($bolt->del("/$kind/$pub->{$kind}"), 404, "a PUBLIC $kind for another organization to delete");
	}
	refused($suba->post("/connector/$pub->{connector}/receiver"), 403, 'its address is not made by a customer');
	is $suba->get("/connector/$pub->{connector}")->{json}{data}{configuration}{password}, '********', 'its secret is masked';
	my $p = $suba->post('/pipeline', {name => 'of PUBLIC parts', configuration => {input_connectors => [$pub->{connector}], output_connectors => [$pub->{output}], tdm => $pub->{tdm}}});
	is $p->{status}, 201, 'a pipeline of PUBLIC parts';
	my $started = $suba->post('/execution', {pipeline_id => $p->{json}{data}{id}})->data(201);
	my $e = World::finished($suba, $started->[0]{id});
	is $e->{status}, 'SUCCESSFUL', 'runs, with secrets that its owner cannot see';
	is $e->{created_by}{type}, 'SUB_ORG', 'as the customer';
	refused($subb->get("/pipeline/$p->{json}{data}{id}"), 404, 'and is not seen by another customer');
	my $template = $acme->post('/pipeline-template', {name => 'template QZpub', tdm => $pub->{tdm}, input_connectors => [$pub->{connector}], output_connectors => [$pub->{output}]})->data(201);
	is $suba->post('/pipeline', {name => 'by template', template => $template->{id}})->{status}, 201, 'a customer may use a template by its id';
	refused($bolt->post('/pipeline', {name => 'by template', template => $template->{id}}), 422, 'another organization may not');

	# PUBLIC of a customer is for itself and its organization
	my $own = $subb->post('/tdm', {name => 'PUBLIC QZsubb', columns => World::columns(), permissions => {level => 'PUBLIC'}})->data(201);
	is $acme->get("/tdm/$own->{id}")->{status}, 200, 'what a customer makes PUBLIC is seen by its organization';
	refused($suba->get("/tdm/$own->{id}"), 404, 'and not by another customer');

	# taken back
	$acme->put("/tdm/$pub->{tdm}", {permissions => {level => 'PRIVATE'}})->data(200);
	refused($suba->get("/tdm/$pub->{tdm}"), 404, 'what is PRIVATE again is gone for a customer');
	is $suba->get("/pipeline/$p->{json}{data}{id}")->{status}, 200, 'its pipeline is not';
	$acme->put("/tdm/$pub->{tdm}", {permissions => {level => 'PUBLIC'}})->data(200);
}

# conflicts name what the caller may see, and count the rest
sub try_conflicts
{
	my ($w) = @_;
	my ($suba, $acme) = ($w->{suba}{as}, $w->{acme}{as});
	my $tdm = $suba->post('/tdm', {name => 'in use', columns => World::columns()})->data(201)->{id};
	my $input = $suba->post('/connector', {name => 'in use', type => 'INPUT', node_type => 'MANUAL', configuration => {}})->data(201)->{id};
	my %parts = (input_connectors => [$input], output_connectors => [$w->{acme}{ids}{output}], tdm => $tdm);
	my $hidden = $acme->post('/pipeline', {name => 'hidden QZacme', configuration => {%parts, schedule_config => {frequency => 'DAILY'}, mapping_config => {mappings => [{source_columns => ['n'], target_column => 'name'}]}}})->data(201)->{id};
	for (["/tdm/$tdm", 'tdm'], ["/connector/$input", 'connector'])
	{
		my $a = refused($suba->del($_->[0]), 409, "a $_->[1] that somebody else uses");
		is $a->{json}{details}[0]{hint}, 'It is used by 1 that you may not see.', 'who uses it is counted';
		like $acme->del($_->[0])->{json}{details}[0]{hint}, qr/pipeline "hidden QZacme"/, 'and told to those who may see it';
	}
	$suba->post('/pipeline', {name => 'seen', configuration => {%parts, output_connectors => [$w->{suba}{ids}{output}]}})->data(201);
	is $suba->del("/tdm/$tdm")->{json}{details}[0]{hint}, 'It is used by pipeline "seen" and by 1 more that you may not see.', 'both are told apart';
	my $lost = refused($suba->put("/tdm/$tdm", {columns => [{key => 'id', label => 'Id'}]}), 409, 'a column that a hidden pipeline maps to');
	like $lost->{text}, qr/a pipeline that you may not see maps to it/, 'without its name';
	my $event = refused($suba->put("/connector/$input", {trigger_type => 'EVENT_BASE'}), 400, 'an input that a hidden pipeline asks by schedule');
	like $event->{text}, qr/a pipeline that you may not see has a schedule/, 'without its name';
	is $suba->get("/tdm/$tdm/usage")->{json}{data}[0]{name}, 'seen', 'usage tells what is seen';
	is scalar @{$suba->get("/tdm/$tdm/usage")->{json}{data}}, 1, 'and no more';
	is scalar @{$acme->get("/tdm/$tdm/usage")->{json}{data}}, 2, 'which is more for the organization';
}

# names, keys and states are of one tenant each
sub try_names
{
	my ($w) = @_;
	my ($acme, $bolt, $suba, $subb) = map { $w->{$_}{as} } qw(acme bolt suba subb);
	for (['/tdm', {name => 'same', columns => World::columns()}], ['/connector', {name => 'same', type => 'INPUT', node_type => 'MANUAL', configuration => {}}])
	{
		for my $as ($acme, $bolt, $suba, $subb) { is $as->post(@$_)->{status}, 201, "$_->[0] \"same\" for $as->{name}" }
		refused($acme->post(@$_), 409, "$_->[0] \"same\" twice");
	}
	is $bolt->post('/user', {email => 'owner@acme.example'})->{status}, 201, 'a user whom another organization has too';
	is $bolt->post('/sub-organization', {name => 'x', identifier => 'suba'})->{status}, 201, 'a sub-organization too';
	my %key = (headers => {'Idempotency-Key' => 'the same'});
	my @made = map { $_->post('/tdm', {name => 'keyed', columns => World::columns()}, %key)->data(201)->{id} } $acme, $bolt, $suba, $subb;
	my %distinct = map { $_ => 1 } @made;
	is scalar keys %distinct, 4, 'an Idempotency-Key is of one principal';
	my $tag = $acme->get("/tdm/$made[0]")->{headers}{etag};
	my $theirs = refused($bolt->put("/tdm/$made[0]", {name => 'x'}, headers => {'If-Match' => $tag}), 404, 'If-Match with the right tag of somebody else\'s');
	unlike $theirs->{text}, qr/current/, 'shows no object';
	my $start = Api::time();
	refused($bolt->get("/tdm/$made[0]?wait=20", headers => {'If-None-Match' => $tag}), 404, 'wait= for somebody else\'s');
	ok(Api::time() - $start < 5, 'waits for nothing');
	refused($acme->post('/token', {label => 'x'}, headers => {Authorization => undef}), 401, 'a token of nobody');
}

# streams: who hears of an execution of acme's
sub try_streams
{
	my ($w) = @_;
	my %stream;
	for my $name (qw(acme bolt suba))
	{
		my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $ENV{NVP_URL} =~ /:(\d+)/) or die;
		print $s "GET $BASE/event/stream HTTP/1.1\r\nHost: x\r\nAuthorization: $w->{$name}{as}{token}\r\n\r\n";
		$s->flush;
		$stream{$name} = {socket => $s, text => ''};
	}
	my $read = sub {
		for (values %stream)
		{
			my $set = '';
			vec($set, fileno $_->{socket}, 1) = 1;
			sysread $_->{socket}, $_->{text}, 65536, length $_->{text} if select $set, undef, undef, 0.02;
		}
	};
	wait_for('streams', sub { $read->(); !grep { $_->{text} !~ /event-stream/i } values %stream });
	my %e;
	for my $name (qw(acme bolt suba))
	{
		my ($as, $o) = ($w->{$name}{as}, $w->{$name}{ids});
		my $up = World::upload($as, World::unique('streamed') . '.csv', "id,name\n5,$w->{$name}{mark}\n");
		$e{$name} = $as->post('/execution', {pipeline_id => $o->{pipeline}, input => {upload => $up}})->data(201)->[0]{id};
	}
	for my $name (qw(acme bolt suba))
	{
		ok(wait_for("the end of $e{$name}", sub { $read->(); $stream{$name}{text} =~ /event: execution.status\r?\ndata: \{[^\n]*"$e{$name}"[^\n]*SUCCESSFUL|"$e{$name}"[^\n]*"status": "SUCCESSFUL"/ }), "$name hears of its execution")
			or diag($stream{$name}{text});
	}
	like $stream{acme}{text}, qr/$e{suba}/, 'an organization hears of its customers';
	unlike $stream{suba}{text}, qr/$e{acme}|$e{bolt}/, 'a customer does not hear of others';
	unlike $stream{bolt}{text}, qr/$e{acme}|$e{suba}/, 'nor does another organization';
	close $_->{socket} for values %stream;
}

# what changes counts at once, in whichever process: every request comes on a connection of its own
sub statuses
{
	my ($token, $method, $path) = @_;
	my %s;
	for (1 .. 8)
	{
		my $a = raw_request("$method $BASE$path HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: $token\r\n\r\n");
		$s{$a =~ /^HTTP\S+ (\d+)/ ? $1 : 'none'} = 1;
	}
	return join ' ', sort keys %s;
}

sub try_changes
{
	my ($w) = @_;
	my ($acme, $world) = ($w->{acme}{as}, $w->{acme});
	my $user = $acme->post('/user', {email => 'changing@acme.example'})->data(201);
	my @token = map { World::sign_in($world, 'changing@acme.example', 'USER')->{token} } 1, 2;
	is statuses($_, 'GET', '/tdm'), 200, 'a token is good' for @token;
	$acme->put("/user/$user->{id}", {permissions => {tdm => {read => JSON::PP::false}}})->data(200);
	is statuses($token[0], 'GET', '/tdm'), 403, 'a permission that is taken away is gone at once';
	$acme->put("/user/$user->{id}", {permissions => {tdm => {read => JSON::PP::true}}})->data(200);
	is statuses($token[0], 'GET', '/tdm'), 200, 'and back at once';
	is Api::caller_of('x', $token[0])->del('/access/token')->{text}, '{"message": "success"}', 'a token is revoked';
	is statuses($token[0], 'GET', '/tdm'), 401, 'it is worth nothing at once';
	is statuses($token[1], 'GET', '/tdm'), 200, 'the other one is';
	$acme->del("/user/$user->{id}");
	is statuses($token[1], 'GET', '/tdm'), 401, 'until its user is gone';
	my $sub = $acme->post('/sub-organization', {name => 'changing', identifier => 'changing'})->data(201);
	my $as = World::sign_in($world, 'changing', 'SUB_ORG');
	my $tdm = $as->post('/tdm', {name => 'left behind', columns => World::columns()})->data(201)->{id};
	is statuses($as->{token}, 'GET', "/tdm/$tdm"), 200, 'a customer reads its own';
	$acme->del("/sub-organization/$sub->{id}");
	is statuses($as->{token}, 'GET', "/tdm/$tdm"), 401, 'until it is gone';
	is $acme->get("/tdm/$tdm")->{status}, 200, 'what it had stays with the organization';
	my $short = q1("SELECT token FROM _nuvopipe.add_token('$world->{tenant}', '$world->{principal}', 'ACCESS_TOKEN', '6 s', NULL, NULL)");
	is statuses($short, 'GET', '/tdm'), 200, 'a token that lives for a moment';
	ok(wait_for('its end', sub { statuses($short, 'GET', '/tdm') eq '401' }), 'ends, though it was known');
	my $key = $acme->post('/token', {scopes => ['tdm:read']})->data(201);
	is statuses($key->{token}, 'GET', '/tdm') . ' ' . statuses($key->{token}, 'GET', '/connector'), '200 403', 'an API key may do what its scopes say';
	$acme->del("/token/$key->{id}");
	is statuses($key->{token}, 'GET', '/tdm'), 401, 'until it is revoked';
}

# code in several processes at the same time; what each of them returns
sub together
{
	my ($n, $code) = @_;
	my @pipes;
	for my $i (1 .. $n)
	{
		my $pid = open my $pipe, '-|';
		die "fork: $!" if !defined $pid;
		if (!$pid) { Api::fresh_connection(); print $code->($i); exit 0 }
		push @pipes, $pipe;
	}
	return map { my $text = do { local $/; readline $_ } // ''; close $_; $text } @pipes;
}

sub try_races
{
	my ($w) = @_;
	my $acme = $w->{acme}{as};
	my %key = (headers => {'Idempotency-Key' => 'race'});
	my %distinct = map { $_ => 1 } together(4, sub { $acme->post('/tdm', {name => 'raced', columns => World::columns()}, %key)->{text} });
	is scalar keys %distinct, 1, 'one Idempotency-Key at the same time: one answer' or diag(keys %distinct);
	my $tdm = decode((keys %distinct)[0])->{data};
	is $acme->get('/tdm?filters={"name":"raced"}')->{json}{pagination}{total}, 1, 'and one object';
	my $tag = $acme->get("/tdm/$tdm->{id}")->{headers}{etag};
	is join(' ', sort(together(4, sub { $acme->put("/tdm/$tdm->{id}", {description => "of $_[0]"}, headers => {'If-Match' => $tag})->{status} }))), '200 412 412 412', 'four with the same tag: one wins';
	is join(' ', sort(together(4, sub { $acme->post('/connector', {name => 'raced', type => 'INPUT', node_type => 'MANUAL', configuration => {}})->{status} }))), '201 409 409 409', 'four with the same name: one wins';
	is join(' ', sort(together(4, sub { $acme->del("/tdm/$tdm->{id}")->{status} }))), '200 404 404 404', 'four delete: one wins';
	my $up = $acme->post('/upload', {file_name => 'raced', size => 300000})->data(201)->{id};
	my @sent = together(4, sub { $acme->call('PATCH', "/upload/$up", content => $_[0] x 300000, headers => {'Content-Type' => 'application/offset+octet-stream', 'Upload-Offset' => 0})->{status} });
	is join(' ', sort @sent), '204 409 409 409', 'four write to one upload: one wins';
	my ($winner) = grep { $sent[$_ - 1] == 204 } 1 .. 4;
	is $acme->get("/upload/$up")->data(200)->{sha256}, Digest::SHA::sha256_hex(($winner // '') x 300000), 'and it has what that one sent';
	my $link = $acme->post("/execution/$w->{acme}{ids}{execution}/download", {kind => 'INPUT'})->data(201)->{url};
	is join(' ', sort(together(4, sub { Api::caller_of('x', undef)->get($link)->{status} }))), '200 404 404 404', 'four follow a link: one is served';
}

sub tenants
{
	my ($w) = @_;
	try_public($w);
	try_conflicts($w);
	try_names($w);
	try_changes($w);
	try_races($w);
	try_streams($w);
	try_views($w);
	try_lists($w);
	try_counts($w);
}
1;
