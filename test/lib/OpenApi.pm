# OpenApi.pm - does what is sent and answered agree with the service's own description?
#
#	OpenApi::load($document);				# what /openapi.json answers
#	OpenApi::fault('GET', '/dp/api/v1/tdm', 200, $answer)	# undef, or what does not agree
#	OpenApi::request_fault('POST', $path, $body)
#
# Knows what JSON Schema the description uses: $ref, type, required, properties, items, enum, const,
# allOf, anyOf, oneOf, minimum, maximum, minLength, maxLength, minItems, maxItems, maxProperties.
package OpenApi;
use strict;
use warnings;
use Api;
use B ();

our $document;

sub load { $document = shift; return $document }

sub at
{
	my ($ref) = @_;
	my $place = $document;
	for (split m{/}, $ref =~ s{^#/}{}r) { $place = ref $place eq 'HASH' ? $place->{$_} : undef }
	return $place;
}

sub is_number { my $f = B::svref_2object(\$_[0])->FLAGS; return ($f & (B::SVf_IOK | B::SVf_NOK)) && !($f & B::SVf_POK) }

sub type_of
{
	my ($v) = @_;
	return 'null' if !defined $v;
	return 'boolean' if ref $v eq 'JSON::PP::Boolean';
	return 'object' if ref $v eq 'HASH';
	return 'array' if ref $v eq 'ARRAY';
	return 'number' if ref $v;	# a number that is too large for Perl
	return is_number($v) ? ($v == int $v ? 'integer' : 'number') : 'string';
}

sub check
{
	my ($v, $schema, $path) = @_;
	return undef if !ref $schema || ref $schema eq 'JSON::PP::Boolean';
	if (my $ref = $schema->{'$ref'})
	{
		my $target = at($ref) // return "$path: $ref is not in the description";
		my $fault = check($v, $target, $path);
		return $fault if $fault;
	}
	my $type = type_of($v);
	if (my $wanted = $schema->{type})
	{
		my @types = ref $wanted ? @$wanted : $wanted;
		return "$path is of type $type, not @types" if !grep { $_ eq $type || $_ eq 'number' && $type eq 'integer' } @types;
	}
	return "$path is " . encode($v) . ', which is not in the enum' if $schema->{enum} && !grep { encode($_) eq encode($v) } @{$schema->{enum}};
	return "$path is not the constant" if exists $schema->{const} && encode($schema->{const}) ne encode($v);
	if ($type eq 'object')
	{
		for (@{$schema->{required} // []}) { return "$path.$_ is required" if !exists $v->{$_} }
		return "$path has too many members" if defined $schema->{maxProperties} && keys %$v > $schema->{maxProperties};
		for (sort keys %{$schema->{properties} // {}})
		{
			my $fault = exists $v->{$_} ? check($v->{$_}, $schema->{properties}{$_}, "$path.$_") : undef;
			return $fault if $fault;
		}
	}
	if ($type eq 'array')
	{
		return "$path has too few items" if defined $schema->{minItems} && @$v < $schema->{minItems};
		return "$path has too many items" if defined $schema->{maxItems} && @$v > $schema->{maxItems};
		for my $i (0 .. $#$v) { my $fault = check($v->[$i], $schema->{items}, "$path\[$i]"); return $fault if $fault }
	}
	if ($type eq 'string')
	{
		return "$path is too short" if defined $schema->{minLength} && length $v < $schema->{minLength};
		return "$path is too long" if defined $schema->{maxLength} && length $v > $schema->{maxLength};
	}
	if ($type =~ /^(integer|number)$/)
	{
		return "$path is too small" if defined $schema->{minimum} && $v < $schema->{minimum};
		return "$path is too large" if defined $schema->{maximum} && $v > $schema->{maximum};
	}
	for (@{$schema->{allOf} // []}) { my $fault = check($v, $_, $path); return $fault if $fault }
	for my $word (grep { $schema->{$_} } qw(anyOf oneOf))
	{
		my @faults = map { check($v, $_, $path) // () } @{$schema->{$word}};
		return "$path fits none: @faults" if @faults == @{$schema->{$word}};
	}
	return undef;
}

sub operation { my ($method, $path) = @_; return $document->{paths}{$path}{lc $method} }

sub fault
{
	my ($method, $path, $status, $answer) = @_;
	my $operation = operation($method, $path) // return "$method $path is not described";
	my $response = $operation->{responses}{$status} // return "status $status of $method $path is not described";
	$response = at($response->{'$ref'}) if $response->{'$ref'};
	my ($type) = ($answer->{headers}{'content-type'} // '') =~ m{^([^;]+)};
	return undef if !length $answer->{text};
	my $content = $response->{content} // return "$method $path: a body that is not described";
	my ($described) = grep { s/;.*//r eq ($type // '') || $_ eq '*/*' } keys %$content;
	return "$method $path: content type $type is not described" if !defined $described && !exists $content->{'application/octet-stream'};
	return defined $described && $answer->{json} ? check($answer->{json}, $content->{$described}{schema}, '$') : undef;
}

sub request_fault
{
	my ($method, $path, $body) = @_;
	my $operation = operation($method, $path) // return "$method $path is not described";
	my $schema = $operation->{requestBody}{content}{'application/json'}{schema} // return "$method $path: its body is not described";
	return check(decode(encode($body)), $schema, '$');
}

# references that lead nowhere
sub dangling
{
	my ($node, %bad) = @_;
	my @left = $document;
	while (defined(my $n = shift @left))
	{
		if (ref $n eq 'HASH')
		{
			$bad{$n->{'$ref'}} = 1 if defined $n->{'$ref'} && !ref $n->{'$ref'} && !defined at($n->{'$ref'});
			push @left, values %$n;
		}
		push @left, @$n if ref $n eq 'ARRAY';
	}
	return sort keys %bad;
}
1;
