#:sdk Microsoft.NET.Sdk.Web
#:project ../src/Extensions.AI/MiniGpt.Extensions.AI.csproj
// A model inside a web application, which answers while the answer is being written, and tells how near two texts are:
//   dotnet run -c Release samples/serve.cs runs/quick
//   curl -N "http://localhost:5000/chat?text=Who+is+it%3F"
//   curl "http://localhost:5000/similarity?a=the+king&b=the+queen"
using Microsoft.Extensions.AI;
using MiniGpt.Extensions.AI;

if (args.Length < 1)
{
    Console.Error.WriteLine("usage: dotnet run -c Release samples/serve.cs MODEL [http://HOST:PORT]");
    return 2;
}

WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
builder.WebHost.UseUrls(args.Length > 1 ? args[1] : "http://localhost:5000");
builder.Services.AddMiniGpt(args[0]); // in memory once, for all who ask

WebApplication application = builder.Build();
application.MapGet("/chat", Chat);
application.MapGet("/similarity", Similarity);
await application.RunAsync(); // until Ctrl-C
return 0;

static async Task Chat(string text, float? temperature, long? seed, IChatClient model, HttpResponse response, CancellationToken cancellationToken)
{
    ChatOptions options = new() { MaxOutputTokens = 60, Temperature = temperature ?? 0.8f, Seed = seed };
    response.ContentType = "text/plain; charset=utf-8";
    // Whoever goes away ends the answer: the model then has time for others.
    await foreach (ChatResponseUpdate update in model.GetStreamingResponseAsync(text, options, cancellationToken))
    {
        await response.WriteAsync(update.Text, cancellationToken);
        await response.Body.FlushAsync(cancellationToken);
    }
}

static async Task<string> Similarity(string a, string b, IEmbeddingGenerator<string, Embedding<float>> model, CancellationToken cancellationToken)
{
    GeneratedEmbeddings<Embedding<float>> vectors = await model.GenerateAsync([a, b], cancellationToken: cancellationToken);
    float cosine = System.Numerics.Tensors.TensorPrimitives.Dot(vectors[0].Vector.Span, vectors[1].Vector.Span); // both are of length 1
    return $"{cosine:F3}";
}
