import type { en } from "./en";

/** The same keys, each a text. */
type Words<T> = { [K in keyof T]: T[K] extends string ? string : Words<T[K]> };

export const ko: Words<typeof en> = {
  screen: {
    previews: "프리뷰", start: "프리뷰 시작", waiting: "대기열과 승인", environments: "환경", calendar: "일정", statistics: "통계", operations: "작업", account: "계정", signIn: "로그인",
  },
  shell: {
    menu: "메뉴", screens: "화면", skip: "본문으로 건너뛰기", main: "본문", language: "언어", personal: "{{name}}: 계정과 설정", outdated: "이 페이지의 새 버전이 있습니다", reload: "새로 불러오기",
    broken: "이 화면을 표시하지 못했습니다", brokenSays: "페이지를 새로 불러오세요. 양식에 입력한 내용은 남아 있습니다.", again: "새로 불러오기", notFound: "없는 페이지입니다", clockAhead: "이 기기의 시계가 {{time}} 빠릅니다", clockBehind: "이 기기의 시계가 {{time}} 느립니다", clockSays: "이 페이지의 시각은 허브의 시계를 따릅니다. 기기가 네트워크 시각을 쓰도록 설정하세요.",
    notFoundSays: "오래된 주소이거나 잘못 입력한 주소일 수 있습니다.",
  },
  live: {
    live: "실시간", connecting: "연결 중", connectingSince: "{{time}} 기준, 다시 연결 중", paused: "일시 중지", pausedSince: "{{time}} 기준, 일시 중지", ended: "연결되지 않음", endedSince: "{{time}} 기준, 연결되지 않음",
  },
  theme: { system: "시스템 테마", light: "밝은 테마", dark: "어두운 테마" },
  session: {
    ended: "로그인이 끝났습니다", kept: "입력한 내용은 이 페이지에 그대로 있습니다. 새 탭에서 로그인한 뒤 여기에서 계속하세요.", signIn: "새 탭에서 로그인", goOn: "로그인했습니다: 계속하기", still: "아직 로그인되지 않았습니다.",
    nobody: "로그인하지 않음", signOut: "로그아웃", everywhere: "모든 곳에서 로그아웃",
  },
  alert: { success: "완료:", danger: "오류:", warning: "주의:", info: "안내:", custom: "안내:" },
  say: { region: "알림" },
  action: { close: "닫기", cancel: "취소", clear: "지우기", more: "더 보기", copy: "복사", copied: "복사됨" },
  link: { newTab: "(새 탭에서 열림)" },
  state: {
    loading: "불러오는 중", retry: "다시 시도", requestId: "요청 ID:", asOf: "기준 시각", unreadable: "{{environment}} 환경을 읽을 수 없습니다", lastRead: "마지막으로 읽은 내용을 표시합니다.",
    queued: "대기 중", running: "실행 중", done: "완료", failed: "실패", waiting: "기다리는 중", superseded: "이후 요청으로 대체됨", pending: "대기 중", sent: "대기 중", active: "실행 중", dead: "최종 실패", new: "새로 받음",
    processed: "처리됨", ignored: "무시됨", allowed: "허용됨", refused: "거부됨", open: "열림", draft: "초안", closed: "닫힘", merged: "병합됨", approved: "승인됨",
  },
  fault: { allowed: "허용되는 값:", nearest: "혹시 이것인가요:", remedy: "해결 방법:" },
  reason: {
    unreachable: "서버가 응답하지 않습니다", signedOut: "로그인되어 있지 않습니다", notAllowed: "권한이 없습니다", notFound: "찾을 수 없습니다", tooMany: "요청이 너무 많습니다. 잠시 기다리세요", server: "지금은 처리할 수 없습니다",
    refused: "요청이 거부되었습니다", Unexpected: "허브에 오류가 있습니다", PreviewNotFound: "그런 프리뷰가 없습니다", UnknownEnvironment: "그런 환경이 없습니다", InvalidIssueKey: "이슈 키가 아닙니다", InvalidValue: "올바르지 않은 값이 있습니다",
    CapacityExhausted: "자리가 없습니다", Frozen: "지금은 시작할 수 없습니다", RepositoryUnreachable: "상태 저장소를 읽을 수 없습니다", DatabaseUnreachable: "데이터베이스가 응답하지 않습니다", NotSignedIn: "로그인되어 있지 않습니다", NotAllowed: "권한이 없습니다",
    NotInTime: "예상보다 오래 걸립니다", ServerUnreachable: "서버가 응답하지 않습니다", ProviderUnreachable: "로그인 제공자가 응답하지 않습니다", LeaseCapReached: "최대 기간에 도달했습니다", PolicyViolation: "환경 정책에 어긋납니다",
    TooManyRequests: "요청이 너무 많습니다. 잠시 기다리세요", NotFound: "찾을 수 없습니다", ForgeUnreachable: "Git 서버가 응답하지 않습니다", ForgeLimited: "Git 서버의 호출 한도에 도달했습니다",
  },
  why: {
    title: "볼 권한이 없습니다", role: "“{{role}}” 역할이 필요합니다.", own: "{{owner}} 님의 프리뷰입니다. 소유자와 운영자만 바꿀 수 있습니다.", notMerged: "병합된 뒤부터 시간이 계산됩니다.",
  },
  role: {
    viewer: "뷰어", developer: "개발자", operator: "운영자", admin: "관리자", none: "없음", noneTitle: "로그인했지만 역할이 없습니다", noneSays: "RTB AI Hub 관리자에게 역할이 있는 그룹이나 팀(RTB_HUB_ROLES)에 넣어 달라고 요청한 뒤 다시 로그인하세요.",
  },
  filter: {
    title: "프리뷰 필터", whose: "소유자", mine: "내 것", everybody: "전체", text: "키, 브랜치, 요청자 검색", env: "모든 환경", phase: "모든 단계", project: "모든 프로젝트", requester: "모든 요청자", sort: "정렬", more: "필터와 정렬", moreSet: "필터와 정렬 ({{shown}}개 적용)",
    total_one: "프리뷰 {{shown}}개", total_other: "프리뷰 {{shown}}개",
  },
  sort: {
    key: "이슈 순", "key-": "이슈 역순", ends: "먼저 끝나는 순", "ends-": "나중에 끝나는 순", owner: "요청자 순", "owner-": "요청자 역순", price: "가격 낮은 순", "price-": "가격 높은 순",
  },
  previews: {
    start: "프리뷰 시작", whatBecame: "{{issue}}은(는) 어떻게 되었나", choose: "선택", chooseOne: "{{environment}} 환경의 {{issue}} 선택", chosenTitle: "선택한 프리뷰", chosen_one: "{{count}}개 선택", chosen_other: "{{count}}개 선택", tooMany: "한 번에 최대 {{most}}개입니다.",
    noneMatch: "조건에 맞는 프리뷰가 없습니다", noneMatchSays: "필터를 지우거나 전체를 보세요.", noneMine: "내 프리뷰가 없습니다", noneMineSays: "이슈의 프리뷰를 시작하세요. 고유한 주소가 생기고, 때가 되면 저절로 사라집니다.",
    showAll_one: "전체 보기 ({{count}})", showAll_other: "전체 보기 ({{count}})", failed_one: "내 요청 {{count}}건이 실패했습니다", failed_other: "내 요청 {{count}}건이 실패했습니다",
  },
  preview: {
    issue: "이슈", environment: "환경", phase: "단계", left: "남은 시간", address: "주소", requester: "요청자", actions: "동작", notYet: "아직 준비되지 않음", asked: "요청", designChanged: "디자인 변경됨", designNow: "요청한 뒤에 디자인이 바뀌었습니다", designOpen: "Figma에서 열기",
    none: "{{environment}} 환경에 {{issue}} 프리뷰가 없습니다",
    noneSays: "시작한 적이 없거나, 제거된 지 7일이 지났습니다.", removedBy: "제거한 사람: {{who}},", reviveUntil: "되살릴 수 있는 기한:", nowEnds: "종료: {{time}}.", parts: "프리뷰의 부분",
    tab: { overview: "개요", history: "이력", change: "변경", manifest: "매니페스트" }, facts: "정보", blueprint: "블루프린트", branch: "브랜치", namespace: "네임스페이스", components: "구성 요소",
    size_one: "파드 {{count}}개, CPU {{cpu}}, {{memory}}", size_other: "파드 {{count}}개, 각 CPU {{cpu}}, {{memory}}", imageOf: "{{name}} 이미지",
  },
  phase: {
    active: "활성", "expiring soon": "곧 만료", expired: "만료됨", "awaiting approval": "승인 대기", "removal requested": "제거 요청됨", endless: "기한 없음", ready: "준비됨", starting: "시작 중", waiting: "대기 중", failed: "실패", stuck: "멈춤",
    stopping: "제거 중", unknown: "알 수 없음", running: "실행 중", sleeping: "절전 중",
  },
  left: { afterMerge: "병합 후부터", never: "기한 없음", over: "지남" },
  price: { title: "가격", short: "{{amount}}/시간", perHour: "시간당 {{amount}}", perLease: "총 {{amount}}", shared: "공유 노드", asleep: "절전 중 시간당 {{amount}} (시간당 {{saved}} 절약)" },
  lease: { title: "대여 기간", ends: "종료", cap: "최대 기한", hours: "계산 방식", office: "근무 시간", always: "모든 시간", ttl: "기간" },
  steps: { title: "진행 상황", now: "지금", asked: "요청됨", committed: "Git에 기록됨", merged: "검토 후 병합됨", applied: "클러스터에 적용됨", running: "실행 중", done: "완료", "to come": "예정", unknown: "알 수 없음" },
  cause: {
    block: "클러스터 상태", title: "시작되지 않습니다", notRead: "연결된 클러스터가 없어 파드가 실행 중인지 알 수 없습니다. Git의 내용은 위에 있습니다.", seen: "확인:", next: "해결 방법:", evidence: "클러스터의 기록", unread: "읽지 못함:",
    for: { developer: "개발자가 할 일", platform: "플랫폼 팀이 할 일" },
  },
  act: {
    reason: "이유 (이력에 남습니다)", working: "처리 중…",
    extend: {
      title: "{{environment}} 환경의 {{issue}} 연장", titleMany: "프리뷰 {{count}}개 연장", says: "시간을 늘립니다. 최대 기한을 넘지 않습니다.", by: "늘릴 시간", short: "연장", many: "연장", do: "연장", doMany: "{{count}}개 연장",
      askFor: "연장 요청", askForMany: "연장 요청 ({{count}})", done_one: "프리뷰 {{count}}개를 연장했습니다", done_other: "프리뷰 {{count}}개를 연장했습니다", asked_one: "연장을 요청했습니다", asked_other: "연장 {{count}}건을 요청했습니다",
    },
    stop: {
      title: "{{environment}} 환경의 {{issue}} 중지", titleMany: "프리뷰 {{count}}개 중지", says: "네임스페이스와 그 안의 모든 것이 제거됩니다. 7일 동안 되살릴 수 있지만 데이터는 남지 않습니다.", short: "중지", many: "중지", do: "중지", doMany: "{{count}}개 중지",
      askFor: "제거 요청", askForMany: "제거 요청 ({{count}})", done_one: "프리뷰 {{count}}개를 중지했습니다", done_other: "프리뷰 {{count}}개를 중지했습니다", asked_one: "제거를 요청했습니다", asked_other: "제거 {{count}}건을 요청했습니다",
    },
    sleep: {
      title: "{{environment}} 환경의 {{issue}} 절전", titleMany: "프리뷰 {{count}}개 절전", says: "파드가 멈춥니다. 데이터베이스처럼 파드 안에 데이터를 두는 것은 계속 실행되고, 나머지는 그대로 남습니다.", short: "절전", do: "절전", doMany: "{{count}}개 절전",
      askFor: "절전 요청", askForMany: "절전 요청 ({{count}})", done_one: "프리뷰 {{count}}개를 절전했습니다", done_other: "프리뷰 {{count}}개를 절전했습니다", asked_one: "절전을 요청했습니다", asked_other: "절전 {{count}}건을 요청했습니다",
    },
    wake: {
      title: "{{environment}} 환경의 {{issue}} 깨우기", titleMany: "프리뷰 {{count}}개 깨우기", says: "파드가 이전 그대로 다시 시작됩니다. 2~3분 걸립니다.", short: "깨우기", do: "깨우기", doMany: "{{count}}개 깨우기",
      askFor: "깨우기 요청", askForMany: "깨우기 요청 ({{count}})", done_one: "프리뷰 {{count}}개를 깨웠습니다", done_other: "프리뷰 {{count}}개를 깨웠습니다", asked_one: "깨우기를 요청했습니다", asked_other: "깨우기 {{count}}건을 요청했습니다",
    },
    revive: {
      title: "{{environment}} 환경의 {{issue}} 되살리기", titleMany: "프리뷰 {{count}}개 되살리기", says: "데이터 없이 이전 모습으로 돌아오며, 내 프리뷰가 됩니다.", short: "되살리기", do: "되살리기", doMany: "{{count}}개 되살리기",
      askFor: "다시 요청", askForMany: "다시 요청 ({{count}})", done_one: "프리뷰 {{count}}개를 되살렸습니다", done_other: "프리뷰 {{count}}개를 되살렸습니다", asked_one: "다시 요청했습니다", asked_other: "{{count}}건을 다시 요청했습니다",
    },
  },
  length: { "1h": "1시간", "4h": "4시간", "8h": "8시간", "24h": "1일", "72h": "3일" },
  plan: {
    asksReview: "{{environment}} 환경에 검토를 요청합니다. 요청이 병합되기 전에는 아무것도 바뀌지 않습니다.", place: "대기", placeOf: "대기열 {{of}}개 중 {{position}}번째", ends: "종료", latestEnd: "최대 기한",
    objects: "객체: 추가 {{added}}, 변경 {{changed}}, 제거 {{removed}}", noObjects: "바뀌는 객체가 없습니다.", unread: "어떤 객체가 바뀌는지 알 수 없습니다:", added: "추가", changed: "변경", removed: "제거", fieldsLeftOut_one: "외 필드 {{count}}개", fieldsLeftOut_other: "외 필드 {{count}}개",
    objectsLeftOut_one: "외 객체 {{count}}개", objectsLeftOut_other: "외 객체 {{count}}개",
  },
  room: {
    previews: "프리뷰 수", previewsPerOwner: "한 사람의 프리뷰 수", fargateVcpu: "Fargate vCPU", targetGroups: "대상 그룹", usedOf: "{{limit}} 중 {{used}}", askedOf: "{{limit}} 중 {{used}} + {{asked}}",
  },
  history: { none: "아직 기록이 없습니다", unread: "아무것도 바꾸지 않은 요청은 여기에 없습니다", by: "{{who}} 님" },
  action_name: {
    start: "시작", update: "업데이트", updated: "업데이트", started: "시작", extend: "연장", extended: "연장", stop: "중지", stopped: "중지", revive: "되살림", revived: "되살림", expire: "만료", expired: "만료", removed: "제거", activate: "대여 시작",
    activated: "대여 시작", queued: "대기열에 추가", requested: "요청", approved: "승인", "preview.start": "시작 요청", "preview.extend": "연장 요청", "preview.stop": "중지 요청", "preview.revive": "되살리기 요청",
    sleep: "절전", wake: "깨움", "preview.sleep": "절전 요청", "preview.wake": "깨우기 요청",
  },
  change: { "last change": "마지막 변경", "open request": "열린 요청이 바꾸는 것", "removal request": "제거 요청이 없애는 것" },
  start: {
    gated: "{{environment}} (검토 필요)", image: "{{name}} 이미지", compute: "실행 위치", byDefault: "블루프린트 기본값", ttlHelp: "예: 8h, 3d. 비우면 환경의 기본값을 씁니다.", queue: "자리가 없으면 대기열에서 기다리기", plan: "실행하면 일어날 일", missing: "아직 입력하지 않은 항목: {{names}}.", settings: "{{name}} 설정", settingsSet: "{{name}} 설정 ({{shown}}개 지정)",
    planNext: "이슈 키를 입력하면 무엇이 바뀔지 여기에 표시됩니다. 아직 아무것도 저장되지 않습니다.", do: "{{environment}} 환경에서 시작", ask: "{{environment}} 환경에 요청", done: "{{environment}} 환경에서 {{issue}} 프리뷰가 시작됩니다",
    asked: "{{environment}} 환경에 {{issue}} 프리뷰를 요청했습니다. 검토 후 시작됩니다",
  },
  waiting: { title: "대기열", none: "기다리는 요청이 없습니다", noneSays: "자리가 있어 요청하면 바로 시작됩니다.", place: "순서", since: "요청 시각", why: "이유", next: "다음 차례" },
  approval: {
    title: "검토 대기", none: "검토를 기다리는 요청이 없습니다", noneSays: "검토가 필요한 환경의 요청은 병합될 때까지 여기에 있습니다.", asks: "요청 내용", where: "위치", request: "요청 {{number}}", link: "요청", branch: "브랜치", start: "시작", update: "변경", removal: "제거",
  },
  environment: {
    reviewed: "검토 필요", none: "환경이 없습니다", noneSays: "상태 저장소에 아직 환경이 없습니다.", previews_one: "프리뷰 {{count}}개", previews_other: "프리뷰 {{count}}개", waiting_one: "{{count}}개 대기", waiting_other: "{{count}}개 대기",
    awaiting_one: "검토 {{count}}건", awaiting_other: "검토 {{count}}건", account: "계정", domain: "도메인", lease: "{{ttl}}, 최대 {{cap}}", forge: "Git 서버",
  },
  spend: { perHour: "현재 시간당", soFar: "이번 달 지금까지", toCome: "남은 대여 기간 예상", fixed: "고정 비용, 시간당", asOf: "{{day}} 기준 정가." },
  freeze: {
    begin: "시작 동결", title: "동결됨", until: "기한:", lift: "해제", lifted: "동결을 해제했습니다", begun: "동결했습니다", in: "지금 {{environment}} 환경에서는 시작할 수 없습니다", everywhere: "지금은 어디에서도 시작할 수 없습니다", says: "{{by}}:",
    dialog: "{{environment}} 환경 시작 동결", dialogEverywhere: "모든 환경 시작 동결", means: "동결 동안에는 아무것도 시작되지 않습니다. 실행 중인 프리뷰는 계속되고 제때 끝납니다.", all: "모든 환경", lasts: "기간",
  },
  calendar: {
    before: "이전 4주", after: "다음 4주", today: "오늘", days: "{{from}}부터 {{to}}까지", ends_one: "{{count}}개 종료", ends_other: "{{count}}개 종료", noEnds: "종료 없음", endsOn: "{{day}}에 끝나는 프리뷰", all_one: "4주 동안 {{count}}개 종료",
    all_other: "4주 동안 {{count}}개 종료", none: "끝나는 프리뷰가 없습니다", noneMine: "이 기간에 끝나는 내 프리뷰가 없습니다.", more: "{{count}}개 중 {{shown}}개를 표시합니다. 환경을 고르세요.",
  },
  chart: { none: "이 기간에 측정된 값이 없습니다.", seeTable: "{{title}}: 수치는 아래 표에 있습니다", table: "표로 보기", day: "날짜" },
  statistics: {
    days: "기간", lastDays: "최근 {{count}}일", forDays_one: "{{shown}}일", forDays_other: "{{shown}}일", none: "이 기간에 아무 일도 없었습니다", noneSays: "첫 프리뷰가 시작되면 수치가 표시됩니다.", starts: "하루 시작 수", started: "시작", failures: "실패",
    spend: "하루 비용 ({{currency}}, 정가)", spent: "비용", timeToUrl: "주소가 응답할 때까지 걸린 시간", timeToCommit: "Git에 기록될 때까지 걸린 시간", median: "중앙값", p95: "95번째 백분위수",
  },
  operations: {
    operations: "요청", jobs: "작업", deliveries: "수신", audit: "감사 기록", state: "상태", anyState: "모든 상태", none: "아직 요청이 없습니다", noJobs: "해당하는 작업이 없습니다", noDeliveries: "해당하는 수신 내역이 없습니다", noAudit: "기록이 비어 있습니다",
    job: "작업", key: "프리뷰", at: "시각", attempts: "시도", act: "동작", source: "보낸 곳", event: "이벤트", who: "누가", what: "무엇을", object: "대상", outcome: "결과", retry: "다시 실행", replay: "다시 처리", again: "다시 실행합니다: {{what}}",
    crashes_one: ", 중단 {{count}}회", crashes_other: ", 중단 {{count}}회",
  },
  kind: {
    "preview.start": "시작", "preview.extend": "연장", "preview.stop": "중지", "preview.revive": "되살리기", "preview.sleep": "절전", "preview.wake": "깨우기", "request.review": "검토 요청", "issue.hint": "이슈 확인", "pull.hint": "풀 리퀘스트 확인", "image.hint": "이미지 확인", "message.update": "메시지 갱신",
    freeze: "동결", lift: "동결 해제", retry: "다시 실행", "token.make": "토큰 만들기", "token.revoke": "토큰 폐기",
  },
  signIn: {
    with: "{{name}} 계정으로 로그인", already: "{{name}} 님으로 로그인되어 있습니다", goOn: "계속하기", local: "터미널에 로그인 링크가 있습니다", localSays: "“rtb-hub serve”가 한 번 쓸 수 있는 로그인 링크를 출력했습니다. 이 브라우저에서 여세요. 새 링크가 필요하면 다시 시작하세요.",
    none: "로그인 방법이 설정되지 않았습니다", noneSays: "관리자가 RTB_HUB_OIDC_ISSUER 또는 RTB_HUB_GITHUB_CLIENT_ID를 설정해야 합니다.", noCookies: "쿠키가 꺼져 있습니다", noCookiesTodo: "로그인하려면 이 사이트의 쿠키가 필요합니다. 허용한 뒤 페이지를 새로 불러오세요.",
    error: { declined: "로그인이 거절되었습니다", expired: "로그인 시간이 초과되었습니다", "provider-down": "로그인 제공자가 응답하지 않습니다", refused: "제공자가 보낸 정보가 올바르지 않습니다", linked: "그 계정은 다른 사람에게 연결되어 있습니다", "too-many": "시도가 너무 많습니다", other: "로그인하지 못했습니다" },
    todo: {
      declined: "본인이나 제공자가 거절했습니다. 다시 시도하거나 관리자에게 사용할 수 있는지 물어보세요.", expired: "10분 안에 마쳐야 하며 쿠키가 필요합니다. 다시 시도하세요.", "provider-down": "몇 분 뒤에 다시 시도하세요.", refused: "다시 시도하세요. 계속되면 관리자에게 요청 ID를 알려 주세요.",
      linked: "그 계정으로 로그인하거나 관리자에게 연결 해제를 요청하세요.", "too-many": "1분 뒤에 다시 시도하세요.", other: "다시 시도하세요.",
    },
  },
  account: {
    by: { local: "이 기기의 링크", oidc: "회사 계정", github: "GitHub 계정", slack: "Slack 계정", api: "토큰" }, slack: "확인하거나 연결 끊기", me: "내 정보", name: "이름", role: "역할", via: "로그인 방법", linked: "연결된 계정", link: "{{name}} 연결", keys: "키보드 단축키", sessions: "로그인된 곳", device: "기기", since: "시작", used: "마지막 사용", until: "기한", this: "현재 기기", end: "끝내기", ended: "세션을 끝냈습니다",
    kind: { browser: "브라우저", device: "명령줄" },
  },
  token: {
    title: "서비스 토큰", make: "토큰 만들기", none: "토큰이 없습니다", noneSays: "CI 같은 서비스는 토큰으로 로그인합니다.", scopes: "권한", gone: "폐기됨", never: "없음", revoke: "폐기", revokeOne: "{{name}} 폐기", revoked: "{{name}} 토큰을 폐기했습니다", made: "{{name}} 토큰을 만들었습니다",
    once: "지금 복사하세요. 한 번만 표시됩니다.", secret: "토큰", environments: "환경 (선택하지 않으면 전체)",
  },
  scope: { preview_read: "프리뷰 읽기", preview_write: "프리뷰 시작과 변경", "preview_request-prd": "검토를 거친 변경 요청", jira_event: "Jira 자동화 이벤트 보내기" },
  help: { title: "키보드 단축키", on: "한 글자 단축키가 켜져 있습니다.", off: "한 글자 단축키가 꺼져 있습니다.", where: "계정 화면에서 바꿀 수 있습니다" },
  key: { "/": "검색", j: "다음 행", k: "이전 행", Enter: "열기", e: "연장", "?": "이 도움말" },
  way: {
    title: "{{issue}} 프리뷰로 가는 길", choose: "여러 환경에 있습니다. 어느 환경으로 갈까요?", looking: "확인 중", details: "이 프리뷰의 모든 정보", whyFailed: "실패한 이유", canRevive: "되살릴 수 있습니다", ready: "준비되었습니다", starting: "시작하는 중입니다", waiting: "자리를 기다리고 있습니다",
    review: "검토를 기다리고 있습니다", failed: "실패했습니다", stuck: "시작되지 않습니다", sleeping: "절전 중입니다", stopping: "제거되는 중입니다", expired: "기간이 끝났습니다", none: "그런 프리뷰가 없습니다",
    says: {
      ready: "곧 이동합니다.", starting: "준비되면 자동으로 이동합니다.", waiting: "자리가 생기면 시작됩니다. 준비되면 자동으로 이동합니다.", review: "요청이 병합되면 시작됩니다.", failed: "요청을 처리하지 못했습니다.", stuck: "시작을 막는 문제가 있습니다. 이유와 해결 방법입니다:",
      sleeping: "파드가 실행되지 않아 비용이 들지 않습니다. 나머지는 그대로 있으니 깨우면 쓸 수 있습니다.", stopping: "네임스페이스를 제거하고 있습니다.", expired: "기간이 끝났거나 누군가 제거했습니다.", none: "시작한 적이 없거나, 제거된 지 7일이 지났습니다.",
    },
  },
};
