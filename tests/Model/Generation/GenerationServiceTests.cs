using System.Threading.Channels;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors.Kernels;
using Xunit;

namespace MiniGpt.Tests.Model.Generation;

/// <summary>Many texts at once, each as if it were alone.</summary>
public class GenerationServiceTests
{
    public static TheoryData<string> Models => ["trained", "rotary", "lstm"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Models))]
    public async Task A_text_is_the_same_alone_and_among_fifteen_others_that_come_and_go(string name)
    {
        Decoder<float> model = ModelOf(name);
        GenerationRequest[] requests = [.. Enumerable.Range(0, 24).Select(i => RequestOf(model, i))];
        List<List<GenerationStep>> alone = [];
        await using (GenerationService<float> one = new(model, limits: new() { Parallel = 1 }))
        {
            foreach (GenerationRequest request in requests)
                alone.Add(await Read(one.TryStart(request, Token)));
        }

        await using GenerationService<float> many = new(model, limits: new() { Parallel = 16 });
        List<GenerationStep>[] together = await Task.WhenAll(requests.Select(request => Read(many.TryStart(request, Token))));
        for (int i = 0; i < requests.Length; i++)
        {
            Assert.Equal(new Generator<float>(model).Generate(requests[i].Prompt, requests[i].Sampling).Take(requests[i].MostTokens), Ids(together[i]));
            Assert.Equal(Ids(alone[i]), Ids(together[i]));
            Assert.Equal(
                alone[i].Select(step => step.Probability?.LogProbability), together[i].Select(step => step.Probability?.LogProbability)); // to the last bit
        }
    }

    [Fact]
    public async Task What_an_earlier_text_began_with_is_not_computed_again_and_changes_nothing()
    {
        Decoder<float> model = ModelOf("rotary");
        await using GenerationService<float> service = new(model);
        int[] first = [.. Enumerable.Range(0, 90).Select(i => i * 11 % 60)];
        List<GenerationStep> answer = await Read(service.TryStart(new GenerationRequest { Prompt = first, MostTokens = 10 }, Token));
        long read = service.Counts.TokensRead;
        int[] next = [.. first, .. Ids(answer), 7, 8, 9];
        List<GenerationStep> second = await Read(service.TryStart(new GenerationRequest { Prompt = next, MostTokens = 10 }, Token));
        Assert.Equal(new Generator<float>(model).Generate(next, new SamplingOptions()).Take(10), Ids(second));
        // The last token of the answer was never given to the model; it, the three new ones and nine of the ten made are.
        Assert.Equal(99, service.Counts.TokensShared);
        Assert.Equal(4 + 9, service.Counts.TokensRead - read);

        int[] branched = [.. first[..70], 1, 2, 3];
        Assert.Equal(
            new Generator<float>(model).Generate(branched, new SamplingOptions()).Take(10),
            Ids(await Read(service.TryStart(new GenerationRequest { Prompt = branched, MostTokens = 10 }, Token))));
        Assert.Equal(99 + 70, service.Counts.TokensShared);
    }

    [Fact]
    public async Task Samples_of_one_prompt_share_its_reading()
    {
        foreach (Decoder<float> model in (Decoder<float>[])[ModelOf("trained"), ModelOf("lstm")])
        {
            await using GenerationService<float> service = new(model);
            GenerationRequest request = new() { Prompt = [1, 2, 3, 4, 5, 6, 7], MostTokens = 5, Sampling = new() { Temperature = 1 } };
            var readers = service.TryStart([.. Enumerable.Range(0, 4).Select(sample => request with { Sample = sample })], Token)!;
            List<GenerationStep>[] samples = await Task.WhenAll(readers.Select(Read));
            for (int sample = 0; sample < 4; sample++)
                Assert.Equal(new Generator<float>(model).Generate(request.Prompt, request.Sampling, sample).Take(5), Ids(samples[sample]));
            Assert.Equal(7 + 4 * 4, service.Counts.TokensRead);
            Assert.Equal(3 * 7, service.Counts.TokensShared);
        }
    }

    [Fact]
    public async Task A_token_is_counted_before_its_reader_has_it()
    {
        await using GenerationService<float> service = new(ModelOf("trained"));
        ChannelReader<GenerationStep> reader = service.TryStart(new GenerationRequest { Prompt = [1, 2, 3], MostTokens = 500, ComesInPieces = true }, Token)!;
        for (int made = 1; made <= 500; made++)
        {
            await reader.ReadAsync(Token);
            GenerationCounts counts = service.Counts;
            Assert.InRange(counts.TokensMade, made, 500);
            Assert.True(counts.TokensRead >= 2 + made, $"{counts.TokensRead} tokens read, {made} of them made");
        }
    }

    [Fact]
    public async Task With_room_for_two_texts_all_of_twelve_are_written()
    {
        Decoder<float> model = ModelOf("rotary");
        long block = KeyValueCache<float>.BytesOfBlock(model.Config.Layers, model.Config.Attention.KeyHeads, model.Config.HeadSize);
        await using GenerationService<float> service = new(model, limits: new() { Parallel = 8, CacheBytes = 5 * block });
        Assert.Equal(5, service.Counts.Blocks);
        GenerationRequest[] requests = [.. Enumerable.Range(0, 12).Select(i => new GenerationRequest { Prompt = [i, 1, 2, 3, 4], MostTokens = 100 })];
        List<GenerationStep>[] texts = await Task.WhenAll(requests.Select(request => Read(service.TryStart(request, Token))));
        Assert.All(requests.Zip(texts), pair =>
            Assert.Equal(new Generator<float>(model).Generate(pair.First.Prompt, pair.First.Sampling).Take(100), Ids(pair.Second)));
        await using GenerationService<float> small = new(model, limits: new() { CacheBytes = block });
        Assert.Contains("more than there is memory for",
            Assert.Throws<ArgumentException>(() => small.TryStart(new GenerationRequest { Prompt = [1], MostTokens = 64 }, Token)).Message);
    }

    [Fact]
    public async Task Whoever_goes_away_frees_the_place_and_whoever_comes_too_late_is_told_so()
    {
        Decoder<float> model = ModelOf("trained");
        await using GenerationService<float> service = new(model, limits: new() { Parallel = 1, MostQueued = 1 });
        using CancellationTokenSource away = new();
        GenerationRequest endless = new() { Prompt = [1], MostTokens = int.MaxValue };
        ChannelReader<GenerationStep> running = service.TryStart(endless, away.Token)!;
        await running.ReadAsync(Token);
        ChannelReader<GenerationStep> waiting = service.TryStart(endless with { MostTokens = 3 }, Token)!;
        Assert.Null(service.TryStart(endless, Token));
        Assert.Equal((1, 1, 1L), (service.Counts.Running, service.Counts.Queued, service.Counts.Refused));
        away.Cancel();
        Assert.Equal(3, Ids(await Read(waiting)).Count());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Read(running));

        using CancellationTokenSource both = new();
        running = service.TryStart(endless, both.Token)!;
        waiting = service.TryStart(endless, both.Token)!;
        both.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Read(waiting));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Read(running));
    }

    [Fact]
    public async Task Closing_waits_for_what_runs_until_it_is_told_not_to()
    {
        Decoder<float> model = ModelOf("trained");
        GenerationService<float> service = new(model);
        ChannelReader<GenerationStep> reader = service.TryStart(new GenerationRequest { Prompt = [1], MostTokens = 50 }, Token)!;
        await service.CloseAsync(CancellationToken.None);
        Assert.Equal(50, Ids(await Read(reader)).Count());
        Assert.Null(service.TryStart(new GenerationRequest { Prompt = [1] }, Token));
        await service.DisposeAsync();

        GenerationService<float> other = new(model);
        reader = other.TryStart(new GenerationRequest { Prompt = [1], MostTokens = int.MaxValue }, Token)!;
        await other.DisposeAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Read(reader));
    }

    [Fact]
    public async Task Probabilities_of_prompt_and_text_are_those_of_the_whole_model()
    {
        Decoder<float> model = ModelOf("trained");
        int[] prompt = [.. Enumerable.Range(0, 20).Select(i => i * 7 % 65)];
        await using GenerationService<float> service = new(model);
        List<GenerationStep> steps = await Read(service.TryStart(
            new GenerationRequest { Prompt = prompt, MostTokens = 6, Likeliest = 3, TellsPrompt = true, Sampling = new() { Temperature = 0 } }, Token));
        TokenProbability[] told = [.. steps.Single(step => step.Prompt is not null).Prompt!, .. steps.Select(step => step.Probability).OfType<TokenProbability>()];
        int[] all = [.. told.Select(token => token.Id)];
        Assert.Equal(prompt, all[..20]);
        Assert.Equal(26, all.Length);
        Assert.Null(told[0].LogProbability);
        using IncrementalDecoder<float> whole = new(model);
        float[] logits = whole.Logits(all, 0, everywhere: true).Span.ToArray();
        for (int i = 1; i < all.Length; i++)
        {
            double[] probabilities = Sampler.Probabilities<float>(logits.AsSpan((i - 1) * 65, 65), new SamplingOptions { Temperature = 1 });
            Assert.Equal(Math.Log(probabilities[all[i]]), told[i].LogProbability!.Value, 1e-9);
            Assert.Equal(probabilities.OrderDescending().Take(3), told[i].Likeliest.Select(token => token.Probability));
            if (i >= 20)
                Assert.Equal(all[i], told[i].Likeliest[0].Id);
        }
    }

    [Fact]
    public async Task A_text_ends_at_its_end_token_at_a_stop_text_or_at_its_length()
    {
        Decoder<float> model = ModelOf("trained");
        SamplingOptions greedy = new() { Temperature = 0 };
        int[] made = [.. new Generator<float>(model).Generate([1], greedy).Take(40)];
        string text = TinyModels.Tokenizer.Decode(made);
        await using GenerationService<float> service = new(model, TinyModels.Tokenizer);
        GenerationRequest request = new() { Prompt = [1], MostTokens = 40, Sampling = greedy };
        Assert.Equal((text, FinishReason.Length), await Text(request));
        string stop = text[10..13];
        Assert.Equal((text[..text.IndexOf(stop, StringComparison.Ordinal)], FinishReason.Stop), await Text(request with { Stops = [stop] }));
        Assert.Equal(
            (TinyModels.Tokenizer.Decode(made.AsSpan(0, Array.IndexOf(made, made[8]))), FinishReason.Stop), await Text(request with { EndIds = [made[8]] }));
        Assert.Equal(("", FinishReason.Length), await Text(request with { MostTokens = 0 }));

        async Task<(string, FinishReason?)> Text(GenerationRequest asked)
        {
            List<GenerationStep> steps = await Read(service.TryStart(asked, Token));
            return (string.Concat(steps.Select(step => step.Text)), steps[^1].Finish);
        }
    }

    private static Decoder<float> ModelOf(string name)
    {
        if (name == "trained")
            return TinyModels.Get("trained").ForReading();
        Decoder<float> model = new(name == "lstm" ? RecurrentNetwork.Config(RecurrentKind.Lstm, new(65, 48, 2, 1, 24)) : Llama.Config(new(65, 150, 2, 4, 48) { KeyHeads = 2 }));
        model.Initialize(3);
        return model.ForReading();
    }

    private static GenerationRequest RequestOf(Decoder<float> model, int i) => new()
    {
        Prompt = [.. Enumerable.Range(0, 1 + i * 37 % (model.Config.Context - 1)).Select(k => (k * k + i % 5) % 65)],
        MostTokens = 5 + i * 7 % 60,
        Likeliest = 0,
        Sampling = new() { Temperature = 1, Seed = (ulong)i, PresencePenalty = i % 3, FrequencyPenalty = 0.1 * i, RepetitionPenalty = 1 + 0.01 * i },
    };

    private static IEnumerable<int> Ids(IEnumerable<GenerationStep> steps) => steps.Select(step => step.Id).OfType<int>();

    private static async Task<List<GenerationStep>> Read(ChannelReader<GenerationStep>? reader)
    {
        Assert.NotNull(reader);
        List<GenerationStep> steps = [];
        await foreach (GenerationStep step in reader.ReadAllAsync(Token))
            steps.Add(step);
        return steps;
    }
}
